import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const docs = new URL('../../../docs/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, docs), 'utf8');

const notes = readdirSync(new URL('internals/decisions/', docs)).filter((name) => /^\d/.test(name));

describe('the decision notes', () => {
  it('are in the index, each once', () => {
    const listed = [...read('internals/decisions/README.md').matchAll(/\]\((\d[^)]+\.md)\)/g)].map(
      ([, name = '']) => name,
    );
    expect(notes.length).toBeGreaterThan(40);
    expect(listed.toSorted()).toEqual(notes.toSorted());
  });

  it.each(notes)('say context, choice and what was given up, on a page: %s', (name) => {
    const text = read(`internals/decisions/${name}`);
    expect(text).toMatch(/^# \d{4}: .+\n\n(?:\*\*Superseded\*\* .+\n\n)?\*\*Context\.\*\* /);
    expect(text).toContain('\n**Choice.**');
    expect(text).toContain('\n**Given up.** ');
    expect(text.split('\n').length).toBeLessThanOrEqual(60);
  });
});

describe('the map of the documentation', () => {
  it('names every page', () => {
    const map = read('README.md');
    const pages = readdirSync(docs, { recursive: true })
      .map((path) => String(path).replaceAll('\\', '/'))
      .filter((path) => path.endsWith('.md') && !path.startsWith('internals/') && path !== 'README.md')
      .filter((path) => path !== 'benchmarks/results.md');
    expect(pages.length).toBeGreaterThan(30);
    expect(pages.filter((path) => !map.includes(`](${path}`))).toEqual([]);
  });
});

describe('the table of platforms in the README', () => {
  it('has what the scripts that tried them wrote, and nothing else', () => {
    const page = read('reference/platforms.md');
    const tables = ['platforms', 'runtimes'].map(
      (name) => page.match(new RegExp(`<!-- ${name}[^]*<!-- end of ${name}`))?.[0],
    );
    const versions = new Map<string, string[]>();
    for (const [, name = '', version = ''] of tables.join('\n').matchAll(/^\| ([A-Z]\w+) ?([\d.]*) \|/gm)) {
      versions.set(name, [...(versions.get(name) ?? []), version]);
    }
    const spans = [...versions].map(([name, all]) => `${name} ${[...new Set([all[0], all.at(-1)])].join('–')}`.trim());
    const rows = read('../README.md').match(/^\| databases[^]*?^\| runtimes.*$/m)?.[0] ?? '';
    const listed = rows.split(/[|,;\n]/).map((cell) => cell.trim());
    expect(spans.length).toBeGreaterThan(8);
    expect(
      listed.filter((cell) => /^[A-Z]/.test(cell) && !/^(?:Redis|Sentinel|Cluster)$/.test(cell)).toSorted(),
    ).toEqual(spans.toSorted());
  });
});

describe('the reference of errors', () => {
  const sections = read('reference/errors.md')
    .split(/^### (?=HOLDFAST_)/m)
    .slice(1);

  it.each(sections.map((text) => [text.split('\n')[0], text]))('says of %s what happened and what to do', (_, text) => {
    expect(text).toContain('\n**What happened**: ');
    expect(text).toMatch(/\n\*\*Why\*\*|\| why \|/);
    expect(text).toMatch(/\n\*\*What to do\*\*|\| what to do \|/);
  });
});

describe.each(['../SECURITY.md', 'reference/errors.md'])('%s', (path) => {
  it('has no line that a person would have to scroll', () => {
    expect(
      read(path)
        .split('\n')
        .filter((line) => line.length > 200),
    ).toEqual([]);
  });
});
