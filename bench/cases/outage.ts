import { setTimeout as pause } from 'node:timers/promises';
import { between, summarize, type Sample } from '../../test/demo/measure.ts';
import type { Outage } from '../../test/demo/scenes/crash.ts';
import { cycle, inParallel } from '../measure/in-parallel.ts';
import { TierWatch } from '../measure/tier-watch.ts';
import type { Options } from '../options.ts';
import { startServers } from '../servers.ts';
import { newSessionData } from '../session-data.ts';
import { countVisit, openClient, openDatabase, type BenchClient } from '../stores/holdfast.ts';

export interface OutageResult {
  readonly callers: number;
  readonly requests: number;
  readonly failed: number;
  /** Milliseconds, in the second before the kill; `p99Switch` in the second after it. */
  readonly p99Before: number;
  readonly p99Switch: number;
  readonly maxSwitch: number;
  /** The reads per second before the kill, from the database while Redis is down, and at the end. */
  readonly readsBefore: number;
  readonly readsDown: number;
  readonly readsAfter: number;
  /** Milliseconds from the start of the new server until Redis answers half of the reads again. */
  readonly backAfterMs: number;
  /** The number of times that the client gave Redis up although it was there, by reason. */
  readonly lossesBefore: Readonly<Record<string, number>>;
  readonly lossesAfter: Readonly<Record<string, number>>;
  readonly moments: Outage;
}

const CALLERS = 128;
const SESSIONS = 1_000;
/** The share of updates: one request in ten. */
const UPDATE_EVERY = 10;
const BUCKET_MS = 100;
const SWITCH_MS = 1_000;
const TIMEOUT_MS = 20_000;

/** Kills Redis under load and starts it again with what it had saved. */
export async function outage({ outage: { beforeMs, downMs, afterMs } }: Options): Promise<OutageResult> {
  await using servers = await startServers();
  await using closing = new AsyncDisposableStack();
  const database = await openDatabase(servers, 'outage');
  closing.defer(() => database.close());
  const sessions = await openClient(servers, database);
  closing.defer(() => sessions.close());
  using watch = new TierWatch();
  const traffic = await startTraffic(sessions);

  await servedByRedis(traffic.samples);
  const from = performance.now();
  await pause(beforeMs / 2);
  await servers.redis.save();
  await pause(beforeMs / 2);
  const killedAt = performance.now();
  await servers.redis.kill();
  await pause(downMs);
  const startedAt = performance.now();
  await servers.redis.start();
  const servesAt = await servedByRedis(traffic.samples, startedAt);
  await pause(afterMs);
  const to = performance.now();
  await traffic.stop();
  const moments = { samples: traffic.samples, from, killedAt, startedAt, servesAt, to };
  return summarizeOutage(moments, watch);
}

interface Traffic {
  /** Grows while it runs. */
  readonly samples: readonly Sample[];
  stop(): Promise<unknown>;
}

async function startTraffic(sessions: BenchClient): Promise<Traffic> {
  const data = Array.from({ length: SESSIONS }, (_, at) => newSessionData(at));
  const ids = await inParallel(data, CALLERS, async (session) => (await sessions.create(session)).id);
  const next = cycle(ids);
  const samples: Sample[] = [];
  const stopping = new AbortController();
  let count = 0;
  const loops = Array.from({ length: CALLERS }, async () => {
    while (!stopping.signal.aborted) {
      count += 1;
      const kind = count % UPDATE_EVERY === 0 ? 'add' : 'read';
      samples.push(await request(kind, sessions, next()));
    }
  });
  return {
    samples,
    stop() {
      stopping.abort();
      return Promise.all(loops);
    },
  };
}

/**
 * Returns the end of the first tenth of a second since `start` in which Redis answers half of the reads; NaN if that
 * takes too long.
 */
async function servedByRedis(samples: readonly Sample[], start: number = performance.now()): Promise<number> {
  for (let at = start + BUCKET_MS; at < start + TIMEOUT_MS; at += BUCKET_MS) {
    await pause(Math.max(0, at - performance.now()));
    if (summarize(between(samples, at - BUCKET_MS, at)).primaryShare >= 0.5) return at;
  }
  return Number.NaN;
}

async function request(kind: Sample['kind'], sessions: BenchClient, id: string): Promise<Sample> {
  const start = performance.now();
  let servedBy: Sample['servedBy'];
  let failure: string | undefined;
  try {
    if (kind === 'add') await sessions.update(id, countVisit);
    else servedBy = (await sessions.get(id))?.servedBy;
    if (kind === 'read' && servedBy === undefined) failure = 'missing';
  } catch (error) {
    failure = error instanceof Error ? error.name : 'unknown';
  }
  const at = performance.now();
  return { at, ms: at - start, kind, servedBy, failure };
}

function summarizeOutage(moments: Outage, watch: TierWatch): OutageResult {
  const { samples, from, killedAt, startedAt, servesAt, to } = moments;
  const drawn = between(samples, from, to);
  const before = summarize(between(drawn, killedAt - SWITCH_MS, killedAt));
  const turn = summarize(between(drawn, killedAt, killedAt + SWITCH_MS));
  const readsBetween = (start: number, end: number): number =>
    (between(drawn, start, end).filter(({ kind }) => kind === 'read').length / (end - start)) * 1_000;
  return {
    callers: CALLERS,
    requests: drawn.length,
    failed: summarize(drawn).failed,
    p99Before: before.p99,
    p99Switch: turn.p99,
    maxSwitch: turn.max,
    readsBefore: readsBetween(from, killedAt),
    readsDown: readsBetween(killedAt + SWITCH_MS, startedAt),
    readsAfter: readsBetween(to - SWITCH_MS, to),
    backAfterMs: servesAt - startedAt,
    lossesBefore: watch.lossesBetween(from, killedAt),
    lossesAfter: watch.lossesBetween(servesAt, to),
    moments,
  };
}
