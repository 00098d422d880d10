import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

const page = read('docs/reference/events.md');
const source = read('src/telemetry/channels.ts');
const types = [source, read('src/errors.ts'), read('src/telemetry/health.ts')].join('\n');

const channels = [...source.matchAll(/FactChannel<(\w+)> = channel\('([^']+)'\)/g)].map(
  ([, message = '', name = '']) => ({
    name,
    fields: fieldsOf(message),
  }),
);

function fieldsOf(message: string): { name: string; literals: string[] }[] {
  const [, body = ''] = new RegExp(`export interface ${message} \\{([\\s\\S]*?)\\n\\}`).exec(source) ?? [];
  return [...body.matchAll(/readonly (\w+)\??: ([^;]+);/g)].map(([, name = '', type = '']) => ({
    name,
    literals: literalsOf(type),
  }));
}

/** The words of a union, and of the named unions in it. */
function literalsOf(type: string): string[] {
  return type.split('|').flatMap((member) => {
    const [, union] = new RegExp(`export type ${member.trim()} =([^;]+);`).exec(types) ?? [];
    return union === undefined
      ? [...member.matchAll(/'([^']+)'/g)].map(([, literal = '']) => literal)
      : literalsOf(union);
  });
}

/** The rows of the table in the section about a channel: field and type. */
function documented(name: string): { name: string; literals: string[] }[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`\`${name}\``)) ?? '';
  return [...section.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, field = '', type = '']) => ({
    name: field,
    literals: literalsOf(type),
  }));
}

const sorted = (fields: { name: string; literals: string[] }[]) =>
  fields.map(({ name, literals }) => ({ name, literals: literals.toSorted() }));

describe('the reference of events', () => {
  it('has a section for each channel, and for nothing else', () => {
    const sections = [...page.matchAll(/^## `([^`]+)`/gm)].map(([, name = '']) => name);
    expect(sections.toSorted()).toEqual(channels.map(({ name }) => name).toSorted());
    expect(channels.length).toBeGreaterThan(4);
  });

  it.each(channels)('says what a message of $name carries', ({ name, fields }) => {
    expect(fields.length).toBeGreaterThan(0);
    expect(sorted(documented(name))).toEqual(sorted(fields));
  });
});
