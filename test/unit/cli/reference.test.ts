import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { commands } from '../../../src/cli/commands/commands.ts';
import { EXIT } from '../../../src/cli/shell/exit.ts';

const page = readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8');

it.each(commands)('the reference describes "$name" and its options', ({ name, options, choices }) => {
  for (const spelling of choices?.map((choice) => `${name} ${choice}`) ?? [name])
    expect(page).toContain(`\`${spelling}\``);
  for (const option of options) expect(page, option).toContain(`--${option}`);
});

it('the reference lists every exit status', () => {
  for (const status of Object.values(EXIT)) expect(page).toContain(`\n| ${status} | `);
});
