import type { Command } from '../commands/command.ts';
import { commonOptionsOf, OPTIONS, type OptionName, type OptionSpec } from './options.ts';

/** Returns the text of `holdfast --help`. */
export function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'Usage: holdfast <command> [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    '"holdfast <command> --help" explains it. Exit status: 0 done, 1 failed, 2 wrong usage, 3 refused, 130 interrupted.',
  ].join('\n');
}

export function helpOf(command: Command): string {
  const { name, summary, details, choices } = command;
  const rows = [...command.options, ...commonOptionsOf(command)].map(
    (option) => [spellingOf(option), OPTIONS[option].help] as const,
  );
  const width = Math.max(...rows.map(([spelling]) => spelling.length));
  return [
    `Usage: holdfast ${name}${choices === undefined ? '' : ` ${choices.join('|')}`} [options]`,
    '',
    `${summary}.`,
    ...details,
    '',
    ...rows.map(([spelling, help]) => `  ${spelling.padEnd(width)}  ${help}`),
  ].join('\n');
}

export function spellingOf(option: OptionName): string {
  const { value }: OptionSpec = OPTIONS[option];
  return value === undefined ? `--${option}` : `--${option} <${value}>`;
}
