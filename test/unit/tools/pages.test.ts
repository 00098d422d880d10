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
