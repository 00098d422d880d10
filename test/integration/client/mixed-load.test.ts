import { describe, expect, it } from 'vitest';
import { type SessionClient, SessionNotFoundError, sweepSessions } from '../../../src/index.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { load, realClient, type Shop } from '../../support/real-client.ts';
import { migrate, openPrisma } from '../../support/servers/databases.ts';
import { asMariadbAdmin, startMariadb } from '../../support/servers/mariadb.ts';
import { mysqlFlavour } from '../../support/servers/mysql-flavours.ts';
import { hasPgbouncer, startPgbouncer } from '../../support/servers/pgbouncer.ts';
import { asPostgresAdmin, type PostgresServer, startPostgres } from '../../support/servers/postgres.ts';
import { until } from '../../support/servers/until.ts';
import { sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const HOUR = 3_600_000;
const LOAD_MS = 5_000;
/** As long as a busy machine may need until the sweep has met the others; and with that for the whole, servers included. */
const MEETING_MS = 60_000;
const TIMEOUT_MS = 240_000;
/** Four of each kind of call. */
const CALLERS = 28;
/** So few that all callers want the same rows. */
const USERS = 12;
const SESSIONS = 60;
/** Sweeps that found something to delete, which shows that they met the others. */
const REMOVED_MIN = 100;

interface CountingServer extends AsyncDisposable {
  readonly url: string;
  readonly ca: string;
  deadlocks(): Promise<number>;
}

/** Servers of their own: MariaDB counts for all of its databases together. */
const servers: Record<'mysql' | 'pgbouncer' | 'postgresql', () => Promise<CountingServer>> = {
  async mysql() {
    const server = await startMariadb();
    const deadlocks = async (): Promise<number> => {
      const [row] = await asMariadbAdmin(server, mysqlFlavour().deadlocks);
      return Number(row?.['count']);
    };
    return { url: server.url, ca: server.ca, deadlocks, [Symbol.asyncDispose]: () => server.stop() };
  },
  async postgresql() {
    const server = await startPostgres();
    const deadlocks = (): Promise<number> => deadlocksOf(server);
    return { url: server.url, ca: server.ca, deadlocks, [Symbol.asyncDispose]: () => server.stop() };
  },
  async pgbouncer() {
    const server = await startPostgres();
    const bouncer = await startPgbouncer(server);
    const end = async (): Promise<void> => {
      await bouncer[Symbol.asyncDispose]();
      await server.stop();
    };
    const deadlocks = (): Promise<number> => deadlocksOf(server);
    return { url: bouncer.urlOf(server.url), ca: bouncer.ca, deadlocks, [Symbol.asyncDispose]: end };
  },
};

const places = [
  { place: 'MySQL or MariaDB', provider: 'mysql', start: servers.mysql },
  { place: 'PostgreSQL', provider: 'postgresql', start: servers.postgresql },
  ...(hasPgbouncer()
    ? [{ place: 'PostgreSQL behind PgBouncer', provider: 'postgresql', start: servers.pgbouncer } as const]
    : []),
] as const;

describe.each(places)('two clients on $place', ({ provider, start }) => {
  it(
    'create, update, touch, move, end users and sweep at once, without a deadlock',
    async () => {
      await using server = await start();
      await migrate(provider, server.url, { ca: server.ca });
      await using one = await openPrisma(provider, server.url, { ca: server.ca });
      await using other = await openPrisma(provider, server.url, { ca: server.ca });
      const common = { redis: sharedRedis(), namespace: uniqueNamespace(), sweep: false, touchInterval: 0 } as const;
      const lifetime = { idle: '10m', absolute: '10m' } as const;
      const open = (prisma: typeof one.prisma, more = {}): Promise<SessionClient<Shop>> =>
        realClient({ ...common, ...more, lifetime, database: { prisma, provider } });
      await using first = await open(one.prisma);
      await using second = await open(other.prisma);
      // The sessions that it makes ended long ago, and belong to its user like the others.
      const anHourAgo = { ...systemPlatform, now: () => systemPlatform.now() - HOUR };
      await using past = await open(one.prisma, { platform: anHourAgo });

      const before = await server.deadlocks();
      const known: string[] = [];
      const counts: Record<string, number> = {};
      const calls = [
        async (client: SessionClient<Shop>) => {
          known.push((await client.create({ cart: [] }, { userId: anyUser() })).id);
          if (known.length > SESSIONS) known.shift();
          return 'created';
        },
        async () => {
          await past.create({ cart: [] }, { userId: anyUser() });
          return 'left to be swept';
        },
        async (client: SessionClient<Shop>) => {
          await client.update(anyOf(known), (data) => void data.cart.splice(0, 1, 'A1'));
          return 'updated';
        },
        async (client: SessionClient<Shop>) => {
          await client.touch(anyOf(known));
          return 'touched';
        },
        async (client: SessionClient<Shop>) => {
          const old = anyOf(known);
          known[known.indexOf(old)] = (await client.regenerate(old, { userId: anyUser() })).id;
          return 'moved';
        },
        async (client: SessionClient<Shop>) => ((await client.destroyByUser(anyUser())) > 0 ? 'ended' : 'nobody'),
        async (client: SessionClient<Shop>) => {
          const { removed } = await sweepSessions(client);
          counts['removed'] = (counts['removed'] ?? 0) + removed;
          return 'swept';
        },
      ];
      await calls[0]?.(first);
      const running = load(CALLERS, async (caller) => {
        const client = caller % 2 === 0 ? first : second;
        const done = await calls[Math.floor(caller / 2) % calls.length]!(client).catch((error: unknown) => {
          // Its user was ended, or it got another id.
          if (error instanceof SessionNotFoundError) return 'too late';
          throw error;
        });
        counts[done] = (counts[done] ?? 0) + 1;
      });
      const began = performance.now();
      const met = (): boolean => performance.now() - began > LOAD_MS && (counts['removed'] ?? 0) > REMOVED_MIN;
      await until(met, { what: 'the sweep to meet the others', timeoutMs: MEETING_MS }).catch(() => undefined);
      const outcomes = await running.stop();
      expect(outcomes.map(({ error }) => error).filter((error) => error !== undefined)).toEqual([]);
      for (const what of ['created', 'updated', 'touched', 'moved', 'ended', 'swept']) {
        expect(counts[what], what).toBeGreaterThan(10);
      }
      expect(counts['removed']).toBeGreaterThan(REMOVED_MIN);
      expect((await server.deadlocks()) - before).toBe(0);
    },
    TIMEOUT_MS,
  );
});

async function deadlocksOf(server: PostgresServer): Promise<number> {
  const [row] = await asPostgresAdmin(server, 'SELECT sum(deadlocks)::integer AS count FROM pg_stat_database');
  return Number(row?.['count']);
}

function anyUser(): string {
  return `u_${Math.floor(Math.random() * USERS)}`;
}

function anyOf<T>(values: readonly T[]): T {
  return values[Math.floor(Math.random() * values.length)]!;
}
