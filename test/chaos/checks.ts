import type { Allowance } from '../simulation/checkers/allowance.ts';
import type { Evidence } from '../simulation/checkers/check.ts';
import { checkEnds } from '../simulation/checkers/ends.ts';
import { checkFreshness } from '../simulation/checkers/freshness.ts';
import { checkLinearizability } from '../simulation/checkers/linearizability.ts';
import { checkLiving } from '../simulation/checkers/living.ts';
import { checkUpdates } from '../simulation/checkers/updates.ts';
import type { History, Operation, Violation } from '../simulation/history.ts';
import {
  CALL_BOUND_REDIS_ONLY_MS,
  CALL_BOUNDS_MS,
  DATABASE_RECOVERY_MS,
  FEED_BOUND_MS,
  REDIS_RECOVERY_MS,
} from './bounds.ts';
import { FAULTS } from './faults.ts';
import type { Disturbance } from './schedule.ts';

const HOUR_MS = 3_600_000;

interface Span {
  readonly from: number;
  readonly to: number;
}

/** When the database, and when Redis, may not have been of use to everybody. */
class Outages {
  readonly database: readonly Span[];
  readonly redis: readonly Span[];

  constructor(disturbances: readonly Disturbance[]) {
    const spans = (wanted: string, recoveryMs: number): Span[] =>
      disturbances
        .filter(({ name }) => FAULTS[name].group.startsWith(wanted))
        .map(({ beganAt, endedAt }) => ({ from: beganAt, to: endedAt + recoveryMs }));
    this.database = merged(spans('database', DATABASE_RECOVERY_MS));
    this.redis = merged(spans('redis', REDIS_RECOVERY_MS));
  }

  touchesDatabase({ invokedAt, returnedAt }: Operation): boolean {
    return this.database.some(({ from, to }) => invokedAt <= to && returnedAt >= from);
  }
}

function merged(spans: readonly Span[]): Span[] {
  const result: { from: number; to: number }[] = [];
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}

export interface ChaosVerdict {
  readonly violations: readonly Violation[];
  readonly undecided: number;
}

/** All that is promised, of what one run was told. */
export function checkAll(history: History, disturbances: readonly Disturbance[]): ChaosVerdict {
  const outages = new Outages(disturbances);
  const evidence = evidenceOf(history);
  const allowance = allowanceFor(outages);
  const linearizability = checkLinearizability(evidence);
  const violations = [
    ...checkUpdates(evidence),
    ...linearizability.violations,
    ...checkEnds(evidence, allowance),
    ...checkFreshness(evidence, allowance),
    ...checkLiving(evidence),
    ...checkErrors(history, outages),
    ...checkBounds(history, outages),
  ];
  return { violations, undecided: linearizability.undecided };
}

function evidenceOf(history: History): Evidence {
  // A create that failed left nothing that anybody could ask for.
  const numbers = new Set(
    history.flatMap(({ session, outcome }) => (outcome.kind === 'session' ? [session ?? 0] : [])),
  );
  const sessions = [...numbers].map((number) => ({
    number,
    ids: [],
    latest: { revision: 0, items: [] },
    isDoomed: true,
  }));
  // What the checkers ask of a plan here is how long sessions live.
  const drawn = { seed: 0, nodes: 0, actors: 0, users: 0, sessions: 0, operations: 0, pauseMs: 0, durationMs: 0 };
  const plan = { ...drawn, validationLeaseMs: 60_000, idleMs: HOUR_MS / 2, absoluteMs: 12 * HOUR_MS, faults: [] };
  return { plan, history, sessions, hasFeed: true, healedAt: 0, unclosed: [], unheard: [] };
}

/**
 * None of the faults here rolls Redis back without its noticing, so the node itself is never behind, and others only by
 * what was acknowledged while Redis was in trouble: by the feed lease, or as long as the database could not be asked.
 */
function allowanceFor(outages: Outages): Allowance {
  const lateBetween = (begin: number, end: number): number =>
    outages.database.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, end) - Math.max(from, begin)), 0);
  return {
    bounds: { own: 0, others: FEED_BOUND_MS },
    permits(knownAt, readAt, isOwn) {
      if (readAt <= knownAt) return true;
      if (isOwn || !outages.redis.some(({ from, to }) => knownAt >= from && knownAt <= to)) return false;
      return readAt - knownAt - lateBetween(knownAt, readAt) <= FEED_BOUND_MS;
    },
  };
}

/** What is an answer and no failure. */
const ANSWERS = new Set(['HOLDFAST_SESSION_NOT_FOUND']);
const OUTAGE_ERRORS = new Set([
  'HOLDFAST_OUTCOME_UNKNOWN',
  'HOLDFAST_REVISION_CONFLICT',
  'HOLDFAST_REVOCATION_NOT_DURABLE',
  'HOLDFAST_TIER_UNAVAILABLE',
]);

/** Every error is one of the library's that says what an outage does, and none comes while the database is well. */
function checkErrors(history: History, outages: Outages): Violation[] {
  return history.flatMap((operation): Violation[] => {
    const { outcome, kind, session } = operation;
    if (outcome.kind !== 'failed' || ANSWERS.has(outcome.code)) return [];
    if (!OUTAGE_ERRORS.has(outcome.code)) {
      const message = `${kind} failed with ${outcome.code}`;
      return [{ rule: 'wrong-error', message, session, operations: [operation] }];
    }
    if (outages.touchesDatabase(operation)) return [];
    const message = `${kind} failed with ${outcome.code} while the database was well`;
    return [{ rule: 'needless-failure', message, session, operations: [operation] }];
  });
}

function checkBounds(history: History, outages: Outages): Violation[] {
  return history.flatMap((operation): Violation[] => {
    const { kind, invokedAt, returnedAt, session } = operation;
    const boundMs = outages.touchesDatabase(operation) ? CALL_BOUNDS_MS[kind] : CALL_BOUND_REDIS_ONLY_MS;
    const ms = returnedAt - invokedAt;
    if (ms <= boundMs) return [];
    return [
      { rule: 'too-slow', message: `${kind} took ${ms.toFixed(0)} of ${boundMs} ms`, session, operations: [operation] },
    ];
  });
}
