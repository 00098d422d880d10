import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../../support/servers/until.ts';
import { between, summarize, type Sample } from '../measure.ts';
import type { Stage } from '../stage.ts';
import { redisKey } from '../stored.ts';
import { describe, ms, paint } from '../timeline.ts';

/** The first requests meet cold code and an empty Redis: they are counted, but not drawn. */
const WARM_UP_MS = 1_000;
const BEFORE_MS = 1_000;
const SNAPSHOT_TO_CRASH_MS = 800;
const OUTAGE_MS = 3_000;
const AFTER_MS = 2_000;
/** The switch: what the customers notice of the crash happens in this time after it. */
const SWITCH_MS = 1_000;

/** The moments of the outage, on the clock of `performance.now()`. */
export interface Outage {
  readonly samples: readonly Sample[];
  readonly from: number;
  readonly killedAt: number;
  readonly startedAt: number;
  readonly servesAt: number;
  readonly to: number;
}

/** Redis dies under load and comes back with what it had on disk. */
export async function crash(stage: Stage): Promise<Outage> {
  const { timeline, redis, traffic } = stage;
  timeline.chapter('Redis dies under load, and comes back with old data');
  traffic.start();
  timeline.watch(traffic);
  await pause(WARM_UP_MS);
  const from = performance.now();
  await pause(BEFORE_MS);
  await takeSnapshot(stage);
  await pause(SNAPSHOT_TO_CRASH_MS);

  timeline.say(paint(['red', 'bold'], 'Redis is killed (SIGKILL)'));
  const killedAt = performance.now();
  await redis.kill();
  await liveWithoutRedis(stage, killedAt);

  timeline.say(paint('bold', 'Redis is started again, with its old snapshot'));
  const startedAt = performance.now();
  await redis.start();
  timeline.say(`Redis answers ${ms(performance.now() - startedAt)} later, and believes: ${await beliefs(stage)}`);
  const servesAt = await untilRedisServes(stage, startedAt);
  await holdToTheTruth(stage);
  await pause(AFTER_MS);
  const outage = { samples: traffic.samples, from, killedAt, startedAt, servesAt, to: performance.now() };
  report(stage, outage);
  return outage;
}

/** After it, the truth moves on; Redis will come back with this. */
async function takeSnapshot({ fleet, redis, traffic, ada, bob, timeline }: Stage): Promise<void> {
  for (const { id } of [ada, bob]) {
    await until(async () => (await fleet.call((sessions) => sessions.get(id)))?.servedBy === 'primary', {
      what: 'Redis to have it',
    });
  }
  await redis.save();
  await traffic.add(ada.id);
  timeline.say('Redis saves a snapshot; right after it Ada adds one more item');
}

async function liveWithoutRedis(
  { fleet, traffic, ada, bob, timeline, verdict }: Stage,
  killedAt: number,
): Promise<void> {
  await pause(500);
  await traffic.add(ada.id, 0);
  const session = await fleet.call((sessions) => sessions.get(ada.id), 1);
  timeline.say(
    `Ada adds an item during the outage; the other node sees ${session?.data.cart.length} items, served by ${session?.servedBy}`,
  );
  const wasAlive = await fleet.call((sessions) => sessions.destroy(bob.id));
  timeline.say(`Bob logs out during the outage: ${wasAlive ? 'done, durable' : 'he had no session?'}`);
  verdict.add('A logout during the outage is accepted', wasAlive, 'destroy() answered true while Redis was gone');
  await pause(Math.max(0, killedAt + OUTAGE_MS - performance.now()));
}

/** What the snapshot says of Ada and Bob, which is no longer true. */
async function beliefs({ redis, ada, bob }: Stage): Promise<string> {
  const [adas, bobs] = await Promise.all([ada, bob].map(({ id }) => redis.cli('GET', redisKey(id))));
  return `Bob is ${bobs ? 'logged in' : 'unknown'}, Ada's cart is at revision ${Number(String(adas).slice(1, 17))}`;
}

/** Asks as any customer would; nothing that Redis says meanwhile may be wrong. */
async function untilRedisServes({ traffic, timeline }: Stage, startedAt: number): Promise<number> {
  const first = await until(
    () => traffic.samples.find(({ at, servedBy }) => at > startedAt && servedBy === 'primary'),
    {
      what: 'Redis to serve again',
    },
  );
  timeline.say(`Redis serves again, ${ms(first.at - startedAt)} after it was started`);
  return first.at;
}

async function holdToTheTruth({ fleet, ledger, ada, bob, timeline, verdict }: Stage): Promise<void> {
  const nodes = Array.from({ length: 10 * fleet.size }, (_, at) => at);
  const bobs = await Promise.all(nodes.map((node) => fleet.call((sessions) => sessions.get(bob.id), node)));
  const adas = await Promise.all(nodes.map((node) => fleet.call((sessions) => sessions.get(ada.id), node)));
  const resurrected = bobs.filter((session) => session !== null).length;
  const behind = adas.filter((session) => ledger.lost(ada.id, session).length > 0).length;
  timeline.say(
    `Asked ${nodes.length} times on all nodes: Bob is logged in ${resurrected} times, Ada's cart is behind ${behind} times`,
  );
  verdict.add(
    'The logout holds against the old data',
    resurrected === 0,
    `${nodes.length} reads, ${resurrected} of them logged in`,
  );
  verdict.add(
    'The cart is the newest against the old data',
    behind === 0,
    `${nodes.length} reads, ${behind} of them behind`,
  );
}

function report({ timeline, traffic, verdict }: Stage, { samples, killedAt, startedAt, servesAt, to }: Outage): void {
  const all = summarize(between(samples, 0, to));
  const turn = summarize(between(samples, killedAt, killedAt + SWITCH_MS));
  timeline.say(`The second after the kill: ${describe(turn, SWITCH_MS)}`);
  verdict.add(
    'No request fails',
    all.failed === 0,
    `${all.failed} of ${all.count}; after the kill p50 ${ms(turn.p50)}, p99 ${ms(turn.p99)}, max ${ms(turn.max)}`,
  );
  verdict.add('No living session is called missing', traffic.missing === 0, `${traffic.missing} of ${all.count}`);
  verdict.add(
    'No read is more than 1.5 s behind',
    traffic.stale === 0,
    `${traffic.stale} of ${all.count}; ${traffic.behind} behind at all, while the nodes came back`,
  );
  const share = summarize(between(samples, to - 1_000, to)).primaryShare;
  verdict.add(
    'Redis serves again',
    share > 0.5,
    `first after ${ms(servesAt - startedAt)}, ${Math.round(share * 100)} % of reads at the end`,
  );
}
