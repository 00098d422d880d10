import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FINDINGS } from '../../../src/cli/doctor/findings.ts';

const page = readFileSync(new URL('../../../docs/operating/doctor.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\w+) \| (.+?) \| (.+?) \(\[page\]\((\S+)\)\) \|$/gm)];

it('the page of the doctor has one row for each finding, and no other', () => {
  expect(new Set(rows.map(([, code]) => code))).toEqual(new Set(Object.keys(FINDINGS)));
  expect(rows).toHaveLength(Object.keys(FINDINGS).length);
});

it.each(Object.entries(FINDINGS))(
  'the row of %s has its severity, its cure and the page that explains it',
  (code, entry) => {
    const [, , severity, , cure, link = ''] = rows.find(([, each]) => each === code) ?? [];
    const target = new URL(link, 'file:///docs/operating/doctor.md');
    expect({ severity, cure, page: target.pathname.slice(1) + target.hash }).toEqual(entry);
  },
);
