import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as later } from 'node:timers/promises';
import { collectGarbage } from '../../../bench/measure/garbage.ts';
import { inParallel } from '../../../bench/measure/in-parallel.ts';
import { TierWatch } from '../../../bench/measure/tier-watch.ts';
import { generateKeyRing, SessionClient } from '../../../src/index.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { redisTierFor } from '../real-client.ts';
import { openPrisma, type OpenedPrisma } from '../servers/databases.ts';
import { until } from '../servers/until.ts';
import { Callers, type Data } from './callers.ts';
import type { OverloadOrders, OverloadReport } from './messages.ts';

const KNOWN_SESSIONS = 300;
/** More than fill the lanes, and fewer than must wait for room; as long as some statements one after another take. */
const CLOSED_LOOP = { callers: 400, ms: 2_000 };
/** What the flood has left to be done in the background is done meanwhile. */
const TRIES_AFTERWARDS = 6;
const AS_BEFORE = 0.6;
const SETUP_CALLERS = 64;
const OFFER_EVERY_MS = 10;
/** Of what is due, as much is made up for in one turn: more would only be another standstill. */
const MADE_UP_MS = 50;
/** A machine that makes up for no more has so many times as long for all of it. */
const LONGER_MAX = 4;

async function obey(orders: OverloadOrders): Promise<OverloadReport> {
  const { databaseUrl, databaseCa, redis, namespace, durableTimeoutMs, updateTimeoutMs } = orders;
  // Longer than `durableTimeout`, so that it is the library that gives up; a busy machine is slow to connect.
  await using database = await openPrisma('postgresql', databaseUrl, { ca: databaseCa, connectMs: 10_000 });
  await using sessions = new SessionClient<Data>({
    keys: await generateKeyRing(),
    primary: redisTierFor(redis),
    durable: prismaTier(database.prisma, { provider: 'postgresql' }),
    namespace,
    durableTimeout: durableTimeoutMs,
    updateTimeout: updateTimeoutMs,
  });
  await sessions.ready();
  return await overload(sessions, database, orders);
}

async function overload(
  sessions: SessionClient<Data>,
  { prisma }: OpenedPrisma,
  orders: OverloadOrders,
): Promise<OverloadReport> {
  const data = { filling: 'x'.repeat(orders.payloadBytes), writes: 0 };
  const numbers = Array.from({ length: KNOWN_SESSIONS }, (_, at) => at);
  const known = await inParallel(numbers, SETUP_CALLERS, async () => (await sessions.create(data)).id);
  await inParallel(known, SETUP_CALLERS, (id) => sessions.get(id));
  const newCallers = (): Callers => new Callers(sessions, data, known);
  const inClosedLoop = (): Promise<number> => newCallers().inClosedLoop(CLOSED_LOOP.callers, CLOSED_LOOP.ms);
  const carriedBefore = await inClosedLoop();
  await collectGarbage();
  const sizeBefore = sizeNow();

  using tiers = new TierWatch();
  const callers = newCallers();
  const standstills = monitorEventLoopDelay({ resolution: 5 });
  standstills.enable();
  const { offered, offeredMs, peak } = await offer(callers, orders.factor * carriedBefore, orders.floodMs);
  const endedAt = performance.now();
  await until(() => sessions.create(data), { what: 'a write to succeed' });
  const recoveredAfterMs = performance.now() - endedAt;
  const bound = { what: 'all calls to settle', timeoutMs: orders.settleMs };
  await until(() => callers.unsettled === 0, bound).catch(() => undefined);
  standstills.disable();

  let carriedAfter = 0;
  for (let tried = 0; tried < TRIES_AFTERWARDS && carriedAfter < AS_BEFORE * carriedBefore; tried += 1) {
    carriedAfter = Math.max(carriedAfter, await inClosedLoop());
  }
  await prisma.$executeRawUnsafe(orders.makeFast);
  const found = await inParallel(callers.created, SETUP_CALLERS, (id) => sessions.get(id, { consistency: 'strong' }));
  const areUp = async (): Promise<boolean> => {
    const { primary, durable } = await sessions.health();
    return primary.state === 'up' && durable.state === 'up';
  };
  await until(areUp, { what: 'both tiers to be up' }).catch(() => undefined);
  const { primary, durable } = await sessions.health();
  const [row] = await prisma.$queryRawUnsafe<{ connections: number }[]>(
    `SELECT count(*)::integer AS connections FROM pg_stat_activity WHERE application_name = current_setting('application_name')`,
  );
  const left = await leftOver(sizeBefore, orders.leftMax);
  return {
    carriedBefore,
    carriedAfter,
    offered,
    offeredMs,
    flood: callers.tallies,
    unsettled: callers.unsettled,
    acknowledged: callers.created.length,
    found: found.filter((session) => session !== null).length,
    grownBy: { peak: peak - sizeBefore, after: left },
    blockedMs: standstills.max / 1e6,
    recoveredAfterMs,
    primaryLosses: tiers.changes.filter(({ tier, state }) => tier === 'primary' && state !== 'up').length,
    connections: row?.connections ?? Number.NaN,
    health: { primary: primary.state, durable: durable.state },
  };
}

interface Offered {
  readonly offered: number;
  readonly offeredMs: number;
  readonly peak: number;
}

/** An open loop: nobody waits for an answer before the next call is made. */
async function offer(callers: Callers, perSecond: number, ms: number): Promise<Offered> {
  const start = performance.now();
  const all = (perSecond * ms) / 1_000;
  let offered = 0;
  let peak = 0;
  let offeredMs = 0;
  for (; offered < all && offeredMs < LONGER_MAX * ms; offeredMs = performance.now() - start) {
    const due = Math.min(all, (perSecond * offeredMs) / 1_000, offered + (perSecond * MADE_UP_MS) / 1_000);
    for (; offered < due; offered += 1) void callers.call();
    peak = Math.max(peak, sizeNow());
    await later(OFFER_EVERY_MS);
  }
  return { offered, offeredMs, peak };
}

/** What is on its way out (sockets, answers that came too late) goes within some turns; what is kept does not. */
async function leftOver(sizeBefore: number, wanted: number): Promise<number> {
  let left = Number.POSITIVE_INFINITY;
  await until(
    async () => {
      await collectGarbage();
      left = sizeNow() - sizeBefore;
      return left < wanted;
    },
    { what: 'garbage to be collected' },
  ).catch(() => undefined);
  return left;
}

function sizeNow(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

// The parent has ended.
process.once('disconnect', () => process.exit(1));
process.once('message', (orders: OverloadOrders) => {
  obey(orders).then(
    (report) => process.send?.({ report }),
    (error: unknown) => process.send?.({ failure: String(error) }),
  );
});
