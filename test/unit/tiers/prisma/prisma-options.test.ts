import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../../src/errors.ts';
import { prismaTier } from '../../../../src/tiers/prisma/index.ts';
import { resolvePrismaOptions } from '../../../../src/tiers/prisma/prisma-options.ts';

const client = { $queryRawUnsafe: async () => [], $executeRawUnsafe: async () => 0, $transaction: async () => {} };

describe('the options of prismaTier', () => {
  it('default to the table of the migrations', () => {
    expect(resolvePrismaOptions(client, { provider: 'sqlite' })).toEqual({
      provider: 'sqlite',
      table: 'holdfast_session',
    });
  });

  it.each(['sessions', '_s', 'Holdfast_Session2', 'a'.repeat(58)])('accept the table name %s', (table) => {
    expect(resolvePrismaOptions(client, { provider: 'postgresql', table }).table).toBe(table);
  });

  it.each(['', '1st', 'a b', 'public.session', 'x"; DROP TABLE users; --', 'é', 'a'.repeat(59), 7, null])(
    'refuse the table name %j, since it becomes part of statements',
    (table) => {
      const options = { provider: 'postgresql', table } as { provider: 'postgresql'; table: string };
      expect(() => prismaTier(client, options)).toThrow(ConfigurationError);
      expect(() => prismaTier(client, options)).toThrow(/table must be /);
    },
  );

  it.each(['mariadb', 'postgres', undefined])('refuse the provider %j and name those that work', (provider) => {
    const options = { provider } as unknown as { provider: 'sqlite' };
    expect(() => prismaTier(client, options)).toThrow(/'mysql' or 'postgresql' or 'sqlite'/);
  });

  it.each([undefined, null, {}, { $queryRawUnsafe: () => [] }, 'postgresql://shop:secret@db'])(
    'refuse a first argument (%#) that is no Prisma client, without printing it',
    (wrong) => {
      const attempt = (): unknown => prismaTier(wrong as unknown as typeof client, { provider: 'sqlite' });
      expect(attempt).toThrow(ConfigurationError);
      expect(attempt).not.toThrow(/secret/);
    },
  );

  it('want a client that can replace its connection, with SQLite', () => {
    const { $transaction: _, ...rest } = client;
    expect(() => prismaTier(rest, { provider: 'sqlite' })).toThrow(/\$transaction/);
    expect(prismaTier(rest, { provider: 'postgresql' }).name).toBe('prisma (postgresql)');
  });

  it('refuse to be left out', () => {
    expect(() => prismaTier(client, undefined as unknown as { provider: 'sqlite' })).toThrow(/provider/);
  });

  it('give the tier a name for messages', () => {
    expect(prismaTier(client, { provider: 'postgresql' }).name).toBe('prisma (postgresql)');
  });
});
