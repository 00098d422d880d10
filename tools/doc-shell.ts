import { spawnSync } from 'node:child_process';
import { parseArguments } from '../src/cli/shell/arguments.ts';
import { commands } from '../src/cli/commands/commands.ts';
import type { Block } from './doc-blocks.ts';

/** Returns one complaint for each shell block that bash does not understand, and for each command in it that does not exist. */
export function brokenShell(page: string, { code, line }: Block, scripts: Readonly<Record<string, string>>): string[] {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' });
  const syntax = status === 0 ? [] : [`${page}:${line}: ${stderr.trim()}`];
  return [...syntax, ...brokenCommands(page, code, line, scripts)];
}

function brokenCommands(page: string, code: string, line: number, scripts: Readonly<Record<string, string>>): string[] {
  return code
    .replaceAll(/\\\n/g, ' \0')
    .split('\n')
    .flatMap((text, index, all) => {
      const before = all.slice(0, index).join('').match(/\0/g)?.length ?? 0;
      return [...holdfastComplaints(text), ...scriptComplaints(text, scripts)].map(
        (complaint) => `${page}:${line + 1 + index + before}: ${complaint}`,
      );
    });
}

/** The `holdfast` commands of a line, as far as the shell gives them to the program. */
const HOLDFAST = /\bnpx holdfast ([^|>;)#&]*)/g;

function holdfastComplaints(text: string): string[] {
  return [...text.matchAll(HOLDFAST)].flatMap(([, typed = '']) => {
    const words = typed.replaceAll('\0', '').trim().replaceAll('"', '').split(/\s+/);
    if (words[0] === '--help' || words[0] === '--version') return [];
    const command = commands.find(({ name }) => name.split(' ').every((word, at) => words[at] === word));
    if (command === undefined) return [`there is no command "holdfast ${words.join(' ')}"`];
    try {
      parseArguments(command, words.slice(command.name.split(' ').length));
      return [];
    } catch (error) {
      return [`"holdfast ${words.join(' ')}": ${error instanceof Error ? error.message : String(error)}`];
    }
  });
}

function scriptComplaints(text: string, scripts: Readonly<Record<string, string>>): string[] {
  return [...text.matchAll(/\bnpm run (?:--silent )?([\w:]+)/g)]
    .filter(([, name = '']) => scripts[name] === undefined)
    .map(([, name]) => `package.json has no script "${name}"`);
}
