import type { Violation } from '../history.ts';
import type { SimulationEvidence } from './check.ts';
import { pausesOf } from './margins.ts';
import { isOfRing } from './ring.ts';

/** All time-outs of one call, one after another: its place in the queue, its reads, its statement and the repetitions of it. */
const LONGEST_MS = 30_000;

/** Every promise settles within its bound, unless its process died, and with an error of the library. */
export function checkSettled(evidence: SimulationEvidence): Violation[] {
  const { history, plan, crashed, unclosed, unheard } = evidence;
  const pausedMs = pausesOf(plan);
  const late = history.flatMap((operation): Violation[] => {
    const { invokedAt, returnedAt, outcome, node } = operation;
    const about = { session: operation.session, operations: [operation] };
    if (outcome.kind === 'failed' && !outcome.code.startsWith('HOLDFAST_')) {
      return [{ rule: 'foreign-error', message: `${operation.kind} failed with ${outcome.code}`, ...about }];
    }
    if (isOfRing(operation, evidence)) return [];
    if (outcome.kind === 'failed' && /CONFIGURATION|ENVELOPE|KEY_RING|PAYLOAD|TIER_FAILURE/.test(outcome.code)) {
      return [{ rule: 'wrong-error', message: `${operation.kind} failed with ${outcome.code}`, ...about }];
    }
    if (outcome.kind === 'pending' && crashed.includes(node)) return [];
    if (returnedAt - invokedAt <= LONGEST_MS + pausedMs) return [];
    return [
      { rule: 'not-settled', message: `${operation.kind} took ${(returnedAt - invokedAt).toFixed(0)} ms`, ...about },
    ];
  });
  const unended = unclosed.map((node) => ({
    rule: 'not-settled',
    message: `close of ${node} did not end`,
    session: null,
    operations: [],
  }));
  const failures = unheard.map((reason) => ({
    rule: 'unheard-failure',
    message: `nobody handles ${reason}`,
    session: null,
    operations: [],
  }));
  return [...late, ...unended, ...failures];
}
