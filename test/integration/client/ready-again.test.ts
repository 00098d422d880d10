import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probes, type SessionClient } from '../../../src/index.ts';
import { realClient, type Shop } from '../../support/real-client.ts';
import { createAuthority, type ServerCertificates } from '../../support/servers/certificates.ts';
import { migrate, openPrisma, type OpenedPrisma } from '../../support/servers/databases.ts';
import { startPostgres, type PostgresServer } from '../../support/servers/postgres.ts';
import { startRedis, type RedisServer } from '../../support/servers/redis.ts';
import { meetOnce, STRANGERS } from '../../support/servers/stranger.ts';
import { until } from '../../support/servers/until.ts';

const RETURNS = ['with nothing', 'with old data', 'while it loads', ...STRANGERS] as const;
type Return = (typeof RETURNS)[number];

/** The soak goes through many outages of each kind. */
const ROUNDS = Number(process.env['READY_ROUNDS'] ?? RETURNS.length);
/** Outages at a time, each with its own servers: they wait for most of their time. */
const LANES = Number(process.env['READY_LANES'] ?? 3);
/** From the first answer of Redis to `ready`: half a second on a quiet machine, and ten times that on one which all tests share. */
const BOUND_MS = process.env['READY_ROUNDS'] === undefined ? 15_000 : 5_000;
/** Longer than any pause between two attempts to connect, so that what takes too long is measured. */
const PATIENCE_MS = 60_000;

/** Makes reading a snapshot of these keys take half a second, in which Redis answers LOADING. */
const FILLER_KEYS = 100;
const SLOW_LOADING = { 'key-load-delay': '5000', 'loading-process-events-interval-bytes': '1024' };

interface Lane {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly database: OpenedPrisma & { provider: 'postgresql' };
  readonly sessions: SessionClient<Shop>;
  /** A session that each round writes to. */
  readonly id: string;
}

let foreign: ServerCertificates;
let lanes: Lane[] = [];

beforeAll(async () => {
  foreign = await (await createAuthority('another')).issue();
  lanes = await Promise.all(Array.from({ length: LANES }, newLane));
});

afterAll(async () => {
  await Promise.all(lanes.map(({ sessions }) => sessions.close()));
  await Promise.all(
    lanes.map(async ({ postgres, redis, database }) => {
      await database.close().catch(() => undefined);
      await Promise.all([postgres.stop(), redis.stop()]);
    }),
  );
});

async function newLane(): Promise<Lane> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis({ directives: SLOW_LOADING })]);
  await migrate('postgresql', postgres.url, { ca: postgres.ca });
  const opened = await openPrisma('postgresql', postgres.url, { ca: postgres.ca });
  const database = Object.assign(opened, { provider: 'postgresql' as const });
  const sessions = await realClient({ redis, database, durableTimeout: '500ms' });
  await sessions.ready();
  const { id } = await sessions.create({ cart: [] });
  return { postgres, redis, database, sessions, id };
}

/** Waits until the probe says this, and returns after how many milliseconds, with what it said before. */
async function untilState({ sessions }: Lane, state: string): Promise<{ ms: number; reasons: string }> {
  const { ready } = probes(sessions);
  const startedAt = performance.now();
  let reasons = '';
  await until(
    async () => {
      const { body } = await ready();
      if (body.state !== state) reasons = body.reasons.map(({ part, reason }) => `${part} ${reason}`).join(', ');
      return body.state === state;
    },
    { timeoutMs: PATIENCE_MS, what: `a process that is ${state}` },
  );
  return { ms: performance.now() - startedAt, reasons };
}

async function back({ redis }: Lane, how: Return): Promise<void> {
  if (how === 'with nothing') return redis.start({ wipe: true });
  if (how !== 'with old data' && how !== 'while it loads') await meetOnce(how, redis.port, foreign);
  return redis.start();
}

/** Has the lane lose both servers and get them back; says how long it then took to be ready. */
async function outage(lane: Lane, how: Return): Promise<{ ms: number; reasons: string }> {
  const { postgres, redis, sessions, id } = lane;
  const fillers = how === 'while it loads' ? FILLER_KEYS : 0;
  await redis.asAdmin(async (admin) => {
    for (let key = 0; key < fillers; key += 1) await admin.set(`filler:${key}`, 'x'.repeat(1_024));
    await admin.save();
  });
  const { revision } = await sessions.update(id, (data) => void (data.cart = [how]));
  await postgres.kill();
  await untilState(lane, 'degraded');
  await redis.kill();
  await untilState(lane, 'unready');
  await postgres.start();
  await untilState(lane, 'degraded');
  await back(lane, how);
  const result = await untilState(lane, 'ready');
  expect(await sessions.get(id)).toMatchObject({ revision, data: { cart: [how] } });
  await redis.asAdmin((admin) => admin.flushall());
  return result;
}

describe('a process that lost both servers', () => {
  it(
    'is ready soon after the return of Redis, however that comes back',
    async () => {
      const slowest = new Map<Return, number>();
      const late: unknown[] = [];
      let begun = 0;
      const run = async (lane: Lane): Promise<void> => {
        while (begun < ROUNDS) {
          const how = RETURNS[begun++ % RETURNS.length]!;
          const { ms, reasons } = await outage(lane, how);
          slowest.set(how, Math.max(Math.round(ms), slowest.get(how) ?? 0));
          if (ms > BOUND_MS) late.push({ how, ms: Math.round(ms), reasons });
        }
      };
      await Promise.all(lanes.map(run));
      const times = [...slowest].map(([how, ms]) => `${how} ${ms} ms`).join(', ');
      process.stdout.write(`${ROUNDS} outages, and the slowest return of each kind: ${times}\n`);
      expect(late).toEqual([]);
    },
    60_000 + (ROUNDS / LANES) * 20_000,
  );
});
