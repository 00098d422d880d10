import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { codesIn } from '../../support/doctor/codes-in.ts';
import type { OpenedPrisma } from '../../support/servers/databases.ts';
import { expectOpenFailure } from '../../support/prisma-tier.ts';
import { freshDatabase, type FreshDatabase } from '../../support/shared.ts';

/** The role of the tests owns its tables. */
const OF_THE_ROLE = { mysql: ['database-rights'], postgresql: ['database-rights'] } as const;

describe.each(['postgresql', 'mysql'] as const)('a table in partitions on %s', (provider) => {
  let database: FreshDatabase;
  let client: OpenedPrisma;
  const run = (...texts: readonly string[]): Promise<unknown> =>
    texts.reduce<Promise<unknown>>(
      (before, text) => before.then(() => database.prisma.$executeRawUnsafe(text)),
      Promise.resolve(),
    );

  beforeAll(async () => {
    database = await freshDatabase(provider, { partitions: 4 });
    client = await database.open({ statementMs: 1_500 });
  });
  afterAll(() => database?.close());

  it('is what the doctor expects', async () => {
    expect(await codesIn(provider, client)).toEqual(OF_THE_ROLE[provider]);
  });

  it.runIf(provider === 'postgresql').each([
    [
      'one partition has full pages',
      'database-table',
      ['ALTER TABLE holdfast_session_p2 RESET (fillfactor)'],
      ['ALTER TABLE holdfast_session_p2 SET (fillfactor = 50)'],
    ],
    [
      'one partition is not vacuumed',
      'database-table',
      ['ALTER TABLE holdfast_session_p3 SET (autovacuum_enabled = off)'],
      ['ALTER TABLE holdfast_session_p3 RESET (autovacuum_enabled)'],
    ],
    [
      'a crash empties one partition',
      'database-lossy',
      ['ALTER TABLE holdfast_session_p1 SET UNLOGGED'],
      ['ALTER TABLE holdfast_session_p1 SET LOGGED'],
    ],
    [
      'one partition is missing',
      'database-table',
      ['ALTER TABLE holdfast_session DETACH PARTITION holdfast_session_p0'],
      ['ALTER TABLE holdfast_session ATTACH PARTITION holdfast_session_p0 FOR VALUES WITH (MODULUS 4, REMAINDER 0)'],
    ],
  ] as const)('is not what the doctor expects where %s', async (_, code, plant, mend) => {
    await run(...plant);
    expect(await codesIn(provider, client)).toContain(code);
    await run(...mend);
    expect(await codesIn(provider, client)).toEqual(OF_THE_ROLE[provider]);
  });

  it('is refused where the key has a second column, so that one id could have two sessions', async () => {
    const { drop, split } = {
      mysql: {
        drop: 'DROP PRIMARY KEY, ADD PRIMARY KEY (storage_key, created_at)',
        split: 'PARTITION BY HASH (created_at) PARTITIONS 4',
      },
      postgresql: {
        drop: 'DROP CONSTRAINT holdfast_session_pkey, ADD PRIMARY KEY (storage_key, created_at)',
        split: '',
      },
    }[provider];
    await run(
      `ALTER TABLE holdfast_session ${drop}`,
      ...(split === '' ? [] : [`ALTER TABLE holdfast_session ${split}`]),
    );
    await expectOpenFailure(
      prismaTier(client.prisma, { provider }),
      'misconfigured',
      'primary-key-missing:holdfast_session',
    );
    expect(await codesIn(provider, client)).toContain('database-schema');
  });
});
