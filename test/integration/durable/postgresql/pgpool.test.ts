import { durableTierCases } from 'holdfast/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { change, insert, openTier } from '../../../support/durable-commands.ts';
import { prismaSubject } from '../../../support/prisma-subject.ts';
import { openPrisma, type OpenedPrisma } from '../../../support/servers/databases.ts';
import { hasPgpool, startPgpool } from '../../../support/servers/pgpool.ts';
import { asPostgresAdmin } from '../../../support/servers/postgres.ts';
import { type PostgresPair, startPostgresPair } from '../../../support/servers/postgres-pair.ts';

const ROUNDS = 20;
const CACHE = { memory_cache_enabled: 'on', memqcache_expire: '3600' };
const SETTINGS: readonly (readonly [what: string, settings: Readonly<Record<string, string>>])[] = [
  ['sends each session to one server', {}],
  ['chooses a server for each statement', { statement_level_load_balance: 'on' }],
  ['knows which functions write', { write_function_list: 'nextval,setval' }],
  ['ignores comments', { allow_sql_comments: 'on', statement_level_load_balance: 'on' }],
  ['answers from a cache', CACHE],
];

describe.skipIf(!hasPgpool())('behind Pgpool-II with a standby that is an hour late', () => {
  let pair: PostgresPair;

  beforeAll(async () => {
    pair = await startPostgresPair({ synchronous: false });
    await asPostgresAdmin(pair.standby, `ALTER SYSTEM SET recovery_min_apply_delay = '1h'`);
    await asPostgresAdmin(pair.standby, 'SELECT pg_reload_conf()');
  });
  afterAll(() => pair?.[Symbol.asyncDispose]());

  it.each(SETTINGS)('a read sees the write before it where Pgpool-II %s', async (_what, settings) => {
    await using pool = await startPgpool(pair.primary, pair.standby, settings);
    await using client = await openPrisma('postgresql', pool.url, { ca: pool.ca });
    const tier = await openTier(client.prisma, 'postgresql');
    for (let round = 0; round < ROUNDS; round += 1) {
      const record = await insert(tier);
      // What the standby and the cache are there for: any other read.
      expect(await client.prisma.holdfastSession.count()).toBe(0);
      expect(await tier.sessions.read(record.storageKey)).toEqual(record);
      const command = { ...change(record), dirty: true };
      expect(await tier.sessions.update(command)).toBe(true);
      expect(await tier.sessions.read(record.storageKey)).toEqual(command.record);
      expect(await tier.sessions.readState(record.storageKey)).toMatchObject({ revision: 2 });
      const { rows } = await tier.feed.read(0, 100);
      expect(rows.some(({ storageKey }) => storageKey.equals(record.storageKey))).toBe(true);
    }
  });

  describe('that ignores comments and answers from a cache, the contract of a tier', () => {
    const resources = new AsyncDisposableStack();
    let client: OpenedPrisma;
    let direct: OpenedPrisma;
    const subject = prismaSubject(() => ({ database: { provider: 'postgresql', prisma: direct.prisma }, client }));

    beforeAll(async () => {
      const settings = { allow_sql_comments: 'on', ...CACHE };
      const pool = resources.use(await startPgpool(pair.primary, pair.standby, settings));
      client = resources.use(await openPrisma('postgresql', pool.url, { ca: pool.ca }));
      direct = resources.use(await openPrisma('postgresql', pair.primary.url, { ca: pair.primary.ca }));
    });
    afterAll(() => resources.disposeAsync());

    it.each(durableTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
  });
});
