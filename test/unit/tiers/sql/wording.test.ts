import { describe, expect, it } from 'vitest';
import type { PrismaProvider } from '../../../../src/tiers/prisma/index.ts';
import { DATABASE_NAMES } from '../../../../src/tiers/sql/tag.ts';
import { type Calls, calls, sharing, together } from './calls.ts';
import { type RecordingOptions, type Sent, statementsOf, statementsOfOpening } from './recording.ts';

/**
 * Every statement of every database with its values, in files that are read like SQL. A change of a wording is seen in the
 * difference.
 */
describe.each(DATABASE_NAMES)('the wordings for %s', (provider) => {
  it.each(Object.entries(calls))('of %s', async (part, ofPart) => {
    await expect(await worded(provider, ofPart)).toMatchFileSnapshot(`wordings/${part}.${provider}.sql`);
  });

  it('of calls that arrive together', async () => {
    const three = Object.entries(sharing).map(([name, call]) => [`${name} (3)`, together(call, 3)] as const);
    await expect(await worded(provider, Object.fromEntries(three))).toMatchFileSnapshot(
      `wordings/together.${provider}.sql`,
    );
  });

  it('of inserts that store nothing', async () => {
    const insert = sharing['insert'] ?? expect.fail('no insert');
    const texts = [];
    for (const count of [1, 2]) {
      texts.push(
        written(`insert (${count})`, await statementsOf(provider, together(insert, count), { inserts: false })),
      );
    }
    await expect(texts.join('\n')).toMatchFileSnapshot(`wordings/taken.${provider}.sql`);
  });

  it('of what is asked before the first call', async () => {
    const text = written('open', await statementsOfOpening(provider));
    await expect(text).toMatchFileSnapshot(`wordings/open.${provider}.sql`);
  });
});

/** What a cluster words in another way: the clock, and how every statement begins. */
describe('the wordings for Galera', () => {
  const options = { isCluster: true };

  it.each(Object.entries(calls).filter(([part]) => part !== 'sessions'))('of %s', async (part, ofPart) => {
    await expect(await worded('mysql', ofPart, options)).toMatchFileSnapshot(`wordings/${part}.galera.sql`);
  });

  it('of what is asked before the first call', async () => {
    const text = written('open', await statementsOfOpening('mysql', options));
    await expect(text).toMatchFileSnapshot('wordings/open.galera.sql');
  });
});

async function worded(provider: PrismaProvider, ofPart: Calls, options: RecordingOptions = {}): Promise<string> {
  const texts = [];
  for (const [name, call] of Object.entries(ofPart)) {
    texts.push(written(name, await statementsOf(provider, call, options)));
  }
  return texts.join('\n');
}

function written(name: string, statements: readonly Sent[]): string {
  return statements
    .map(({ how, text, values }, n) => {
      const title = n === 0 ? `-- ${name}\n` : '';
      return `${title}${text};\n-- ${how} (${values.map(valueOf).join(', ')})\n`;
    })
    .join('');
}

/** Bytes as hexadecimal numbers, with those that repeat themselves counted: `aa*32`. */
function valueOf(value: unknown): string {
  if (value instanceof Uint8Array) return value.length === 0 ? "''" : counted(Buffer.from(value).toString('hex'));
  if (Array.isArray(value)) return `[${value.map(valueOf).join(', ')}]`;
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'string' ? `'${value.replaceAll(/(?:[\da-f]{2}){8,}/g, counted)}'` : String(value);
}

function counted(hex: string): string {
  return hex.replaceAll(/([\da-f]{2})\1*/g, (run, byte: string) => ` ${byte}*${run.length / 2}`).trim();
}
