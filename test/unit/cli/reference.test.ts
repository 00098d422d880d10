import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isSecret, optionOf, SETTING_NAMES, variableOf } from '../../../src/cli/config/setting-names.ts';
import { commands } from '../../../src/cli/commands/commands.ts';
import { EXIT } from '../../../src/cli/shell/exit.ts';
import { OPTIONS } from '../../../src/cli/shell/options.ts';
import { codesOf, readTable } from '../../../tools/markdown.ts';

const page = readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8');
const spelled = commands.flatMap(({ name, choices }) => choices?.map((choice) => `${name} ${choice}`) ?? [name]);

describe('the reference of the command line', () => {
  it('has a row for each command, and for nothing else', () => {
    const rows = readTable(page, 'Commands').flatMap(([first = '']) => codesOf(first));
    expect(rows.toSorted()).toEqual(spelled.toSorted());
  });

  it.each(commands)('describes the options of "$name"', ({ options }) => {
    for (const option of options) expect(page, option).toMatch(new RegExp(`--${option}\\b(?!-)`));
  });

  it('names no option that does not exist', () => {
    const names = [...page.matchAll(/(?<![\w-])--([a-z][\w-]*)/g)].map(([, name = '']) => name);
    const unknown = names.filter((name) => name !== 'version' && !Object.hasOwn(OPTIONS, name));
    expect([...new Set(unknown)]).toEqual([]);
  });

  it('gives each default of the help', () => {
    const defaults = Object.entries(OPTIONS).flatMap(([name, { help }]) => {
      const [, value] = /\(default: (\d[^,)]*)\)/.exec(help) ?? [];
      return value === undefined ? [] : [{ name, value }];
    });
    expect(defaults.length).toBeGreaterThan(3);
    for (const { name, value } of defaults) {
      const lines = page.split('\n').filter((line) => line.startsWith('|') && line.includes(`--${name}`));
      expect(lines.join('\n'), name).toMatch(new RegExp(`(?<!\\d)${value}(?!\\d)`));
    }
  });

  it('has a row for each setting, with the variable and the option of its name', () => {
    const rows = readTable(page, 'Configuration').map((cells) => cells.slice(0, 3).map((cell) => codesOf(cell)[0]));
    const settings = SETTING_NAMES.map((name) => {
      const option = optionOf(name);
      return [isSecret(name) ? undefined : name, variableOf(name), option === undefined ? undefined : `--${option}`];
    });
    const lines = (table: (string | undefined)[][]): string[] => table.map((cells) => cells.join(' ')).toSorted();
    expect(lines(rows)).toEqual(lines(settings));
  });

  it('lists every exit status', () => {
    for (const status of Object.values(EXIT)) expect(page).toContain(`\n| ${status} | `);
  });
});
