import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { runCli } from '../../../src/cli/cli.ts';
import { sessionIdOf } from '../../../src/cli/shell/secret-input.ts';
import { Terminal } from '../../../src/cli/shell/terminal.ts';
import type { Context } from '../../../src/cli/commands/command.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';

const ID = `${'a'.repeat(42)}A`;

/** Streams of a process that has no terminal, with this input. */
function streams(input: string) {
  const stdin = new PassThrough();
  stdin.end(input);
  const stdout = new PassThrough();
  return { stdin, stdout, stderr: new PassThrough() };
}

async function refusal(args: readonly string[], input = ''): Promise<unknown> {
  const { stdin, stdout, stderr } = streams(input);
  const code = await runCli([...args, '--json'], {
    terminal: new Terminal({ stdin, stdout, stderr } as unknown as NodeJS.Process),
    env: { HOLDFAST_CLIENT: './not-there.ts' },
    signal: new AbortController().signal,
    platform: systemPlatform,
  });
  return { code, ...(JSON.parse(String(stdout.read())) as object) };
}

it.each([
  'revoke',
  'revoke --user ada --all',
  'revoke --all --handle x',
  'revoke --user -',
  'inspect',
  'inspect --user ada',
  'import',
  'import --from ./old.ts --move --dry-run',
  'import --from ./old.ts --concurrency 0',
  'bench --duration 1s',
  'bench --concurrency 1000',
])('is wrong usage, and nothing is opened: %s', async (line) => {
  expect(await refusal(line.split(' '))).toMatchObject({ code: 2, error: { code: 'USAGE' } });
});

it('a session id is refused that is none, and is not repeated', async () => {
  const answer = await refusal(['inspect'], 'canary');
  expect(answer).toMatchObject({ code: 2 });
  expect(JSON.stringify(answer)).not.toContain('canary');
});

it.each([
  ['an id', ID, ID],
  ['an id and a line break', `${ID}\n`, ID],
  ['the value of a cookie', `${ID}.${'b'.repeat(43)}`, ID],
  ['the value of a cookie of express-session', 's:old.id.signature', 'made of old.id'],
  ['the same as browsers show it', 's%3Aold.id.sig%2Fnature', 'made of old.id'],
])('a session is named by %s', async (_, input, expected) => {
  const { stdin, stdout, stderr } = streams(input);
  const terminal = new Terminal({ stdin, stdout, stderr } as unknown as NodeJS.Process);
  const idIn = await sessionIdOf({ terminal } as Context);
  expect(idIn((sid) => `made of ${sid}`)).toBe(expected);
});
