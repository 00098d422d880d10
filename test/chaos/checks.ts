import type { Evidence } from '../simulation/checkers/check.ts';
import { checkEnds } from '../simulation/checkers/ends.ts';
import { checkFreshness } from '../simulation/checkers/freshness.ts';
import { checkLinearizability } from '../simulation/checkers/linearizability.ts';
import { checkLiving } from '../simulation/checkers/living.ts';
import { checkUpdates } from '../simulation/checkers/updates.ts';
import type { History, Violation } from '../simulation/history.ts';
import { CALL_BOUND_REDIS_ONLY_MS, CALL_BOUNDS_MS } from './bounds.ts';
import { Outages } from './outages.ts';
import type { Disturbance } from './schedule.ts';
import type { Stall } from './stalls.ts';

const HOUR_MS = 3_600_000;

export interface ChaosVerdict {
  readonly violations: readonly Violation[];
  readonly undecided: number;
}

/** The calls of one run, and their answers. */
export interface Seen {
  readonly history: History;
  readonly disturbances: readonly Disturbance[];
  /** Nodes that did not live to be answered. */
  readonly killed: ReadonlySet<string>;
  readonly revalidateAfterMs: number;
  /** When the machine itself was too slow: nothing is promised then of how long calls take. */
  readonly stalls: readonly Stall[];
}

/** Checks every promise against the answers of one run. */
export function checkAll(seen: Seen): ChaosVerdict {
  const { history, killed, revalidateAfterMs } = seen;
  const outages = new Outages(seen);
  const evidence = evidenceOf(history, revalidateAfterMs);
  const allowance = outages.allowance();
  const answered = history.filter(({ node, outcome }) => outcome.kind !== 'pending' || !killed.has(node));
  const linearizability = checkLinearizability(evidence);
  const violations = [
    ...checkUpdates(evidence),
    ...linearizability.violations,
    ...checkEnds(evidence, allowance),
    ...checkFreshness(evidence, allowance),
    ...checkLiving(evidence),
    ...checkErrors(answered, outages),
    ...checkBounds(answered, outages),
  ];
  return { violations, undecided: linearizability.undecided };
}

function evidenceOf(history: History, revalidateAfterMs: number): Evidence {
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
  const plan = { ...drawn, revalidateAfterMs, idleMs: HOUR_MS / 2, absoluteMs: 12 * HOUR_MS, faults: [] };
  return { plan, history, sessions, hasFeed: true, healedAt: 0, unclosed: [], unheard: [] };
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
    const allowedMs = outages.touchesDatabase(operation) ? CALL_BOUNDS_MS[kind] : CALL_BOUND_REDIS_ONLY_MS;
    const boundMs = allowedMs + outages.frozenMs(operation);
    const ms = returnedAt - invokedAt;
    if (ms <= boundMs) return [];
    return [
      { rule: 'too-slow', message: `${kind} took ${ms.toFixed(0)} of ${boundMs} ms`, session, operations: [operation] },
    ];
  });
}
