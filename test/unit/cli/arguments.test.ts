import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../../src/cli/shell/arguments.ts';
import { commands } from '../../../src/cli/commands/commands.ts';
import type { Command } from '../../../src/cli/commands/command.ts';
import { CliError } from '../../../src/cli/shell/exit.ts';
import { helpOf, overview } from '../../../src/cli/shell/usage.ts';

function command(name: string): Command {
  const found = commands.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no command ${name}`);
  return found;
}

function complaint(name: string, ...argv: string[]): string {
  try {
    parseArguments(command(name), argv);
  } catch (error) {
    expect(error).toBeInstanceOf(CliError);
    expect(error).toMatchObject({ exitCode: 2, code: 'USAGE' });
    return (error as CliError).message;
  }
  throw new Error('nothing was wrong');
}

describe('the arguments of a command', () => {
  it('are read by their kind', () => {
    const args = parseArguments(command('keys generate'), [
      '--ring=keys.json',
      '--to-kek-file',
      'a',
      '--to-kek-file',
      'b',
      '--ring-version=7',
      '--suite',
      'A256GCM',
    ]);
    expect(args.text('ring')).toBe('keys.json');
    expect(args.list('to-kek-file')).toEqual(['a', 'b']);
    expect(args.integer('ring-version')).toBe(7);
    expect(args.oneOf('suite', ['A256GCM', 'XAES-256-GCM'])).toBe('A256GCM');
    expect(args.flag('json')).toBe(false);
    expect(args.text('kek-file')).toBeUndefined();
  });

  it('are refused if the command does not have them', () => {
    expect(complaint('keys list', '--kid', 'abcdefgh')).toBe('Unknown option --kid.');
    expect(complaint('keys list', '-x')).toBe('Unknown option -x.');
  });

  it('may begin with a dash when they are joined to their option, as kids do', () => {
    expect(parseArguments(command('keys revoke'), ['--kid=-abcdefg']).text('kid')).toBe('-abcdefg');
    expect(complaint('keys revoke', '--kid', '-abcdefg')).toContain('--kid=-value');
    expect(complaint('keys revoke', '--kid')).toContain('--kid');
    expect(complaint('keys revoke', '--yes=no')).toContain('--yes');
  });

  it('are never repeated in an error, since one of them may be a passphrase', () => {
    const secret = 'correct-horse-battery-staple';
    for (const argv of [[secret], [`--passphrase=${secret}`], ['--passphrase', secret], [`--yes=${secret}`]]) {
      expect(complaint('keys revoke', ...argv)).not.toContain(secret);
    }
    expect(complaint('keys revoke', '--passphrase', secret)).toContain('--passphrase-file');
    expect(complaint('schema', secret)).toBe('"holdfast schema" must be followed by mysql or postgresql or sqlite.');
  });

  it('are checked when they are asked for', () => {
    const args = parseArguments(command('keys generate'), ['--ring-version', '1e3', '--suite', 'DES']);
    expect(() => args.integer('ring-version')).toThrow('--ring-version must be a whole number from 1.');
    expect(() => args.oneOf('suite', ['A256GCM', 'XAES-256-GCM'])).toThrow('--suite must be A256GCM or XAES-256-GCM.');
    const walk = parseArguments(command('keys reencrypt'), ['--concurrency', '6']);
    expect(() => walk.integer('concurrency', 1, 5)).toThrow('--concurrency must be a whole number from 1 to 5.');
    expect(walk.integer('concurrency', 1, 6)).toBe(6);
    const promote = parseArguments(command('keys promote'), ['--timeout', '2 weeks']);
    expect(() => promote.duration('timeout', 60_000)).toThrow('--timeout: expected a duration from 0s to 1m');
    expect(() => args.required('kid')).toThrow('--kid is missing.');
  });

  it('need one word where there is a choice, and none elsewhere', () => {
    expect(parseArguments(command('schema'), ['sqlite', '--sql']).positional).toBe('sqlite');
    expect(complaint('schema')).toContain('mysql or postgresql or sqlite');
    expect(complaint('schema', 'sqlite', 'postgresql')).toContain('one word only');
    expect(complaint('keys list', 'all')).toContain('options only');
  });
});

describe('help', () => {
  it('lists every command', () => {
    for (const { name } of commands) expect(overview(commands)).toContain(`  ${name} `);
  });

  it.each(commands.map(({ name }) => name))(
    'for "%s" explains each option on a line of at most 100 characters',
    (name) => {
      const help = helpOf(command(name));
      for (const option of [...command(name).options, 'json'])
        expect(help).toMatch(new RegExp(`^  --${option}\\b.* {2}\\S`, 'm'));
      for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    },
  );

  it('needs no other argument', () => {
    expect(parseArguments(command('schema'), ['-h']).flag('help')).toBe(true);
  });
});
