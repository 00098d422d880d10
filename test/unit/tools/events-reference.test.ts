import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ENDED_BY } from '../../../src/telemetry/audit.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

const page = read('docs/reference/events.md');
const source = [read('src/telemetry/channels.ts'), read('src/telemetry/audit.ts')].join('\n');
const types = [source, read('src/errors.ts'), read('src/telemetry/health.ts')].join('\n');

const channels = [...source.matchAll(/FactChannel<(\w+)> = channel\('([^']+)'\)/g)].map(
  ([, message = '', name = '']) => ({
    name,
    fields: fieldsOf(message),
  }),
);

/** The fields of a message, with those that it inherits. Those of a union are all that any member has. */
function fieldsOf(message: string): { name: string; literals: string[] }[] {
  const fields = new Map<string, Set<string>>();
  for (const { name, literals } of membersOf(message).flatMap(ownFieldsOf)) {
    fields.set(name, new Set([...(fields.get(name) ?? []), ...literals]));
  }
  return [...fields].map(([name, literals]) => ({ name, literals: [...literals] }));
}

function membersOf(message: string): string[] {
  const [, union = message] = new RegExp(`export type ${message} =([^;]+);`).exec(source) ?? [];
  return union.split('|').flatMap((member) => (member.trim() === '' ? [] : [member.trim()]));
}

function ownFieldsOf(message: string): { name: string; literals: string[] }[] {
  const [, base, body = ''] =
    new RegExp(`interface ${message}(?: extends (\\w+))? \\{([\\s\\S]*?)\\n\\}`).exec(source) ?? [];
  const own = [...body.matchAll(/readonly (\w+)\??: ([^;]+);/g)].map(([, name = '', type = '']) => ({
    name,
    literals: literalsOf(type),
  }));
  return base === undefined ? own : [...ownFieldsOf(base), ...own];
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

const eventAt = (name: string): number => ownFieldsOf(name).findIndex((field) => field.name === 'event');

/** The rows of the table in the section about a channel: field and type. */
function documented(name: string): { name: string; literals: string[] }[] {
  return [...tableOf(name, 'field').matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, field = '', type = '']) => ({
    name: field,
    literals: literalsOf(type),
  }));
}

/** The table of a section whose first column has this title. */
function tableOf(name: string, title: string): string {
  const section = page.split(/^## /m).find((text) => text.startsWith(`\`${name}\``)) ?? '';
  return section.split('\n\n').find((part) => part.startsWith(`| ${title} |`)) ?? '';
}

const sorted = (fields: { name: string; literals: string[] }[]) =>
  fields
    .map(({ name, literals }) => ({ name, literals: literals.toSorted() }))
    .toSorted((a, b) => a.name.localeCompare(b.name));

describe('the reference of events', () => {
  it('has a section for each channel, and for nothing else', () => {
    const sections = [...page.matchAll(/^## `([^`]+)`/gm)].map(([, name = '']) => name);
    expect(sections.toSorted()).toEqual(channels.map(({ name }) => name).toSorted());
    expect(channels.length).toBeGreaterThan(4);
  });

  it('names the fields of each event of the audit stream', () => {
    const rows = [...tableOf('holdfast:audit', 'event').matchAll(/^\| `([\w-]+)` \| [^|]+ \| ([^|]+) \|$/gm)].flatMap(
      ([, event = '', fields = '']) => {
        const interfaces = membersOf('AuditEvent').filter(
          (name) => ownFieldsOf(name)[eventAt(name)]?.literals[0] === event,
        );
        return interfaces.map((name) => ({ event, fields, name }));
      },
    );
    expect(rows.map(({ name }) => name).toSorted()).toEqual(membersOf('AuditEvent').toSorted());
    let same: string[] = [];
    for (const { fields, name } of rows) {
      const named = [...fields.matchAll(/`(\w+)`/g)].map(([, field = '']) => field);
      const shown = fields.startsWith('the same') ? [...same, ...named] : named;
      if (rows[0]?.name === name) same = named;
      const all = ownFieldsOf(name).map((field) => field.name);
      expect(shown.toSorted()).toEqual(all.filter((field) => !['at', 'event', 'namespace'].includes(field)).toSorted());
    }
  });

  it('says who each word for the end of a session means', () => {
    const words = [...tableOf('holdfast:audit', '`by`').matchAll(/^\| `([a-z-]+)` \| (?!who)/gm)].map(
      ([, word = '']) => word,
    );
    expect(words.toSorted()).toEqual(ENDED_BY.toSorted());
  });

  it.each(channels)('says what a message of $name carries', ({ name, fields }) => {
    expect(fields.length).toBeGreaterThan(0);
    expect(sorted(documented(name))).toEqual(sorted(fields));
  });
});
