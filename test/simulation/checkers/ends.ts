import { PREVIOUS_KEYS_MAX } from '../../../src/limits/durable-tier.ts';
import { REGENERATED_LOOKUP_SAFE_MS } from './margins.ts';
import { isAcknowledged, mayHaveHappened, type Operation, type Violation } from '../history.ts';
import type { Allowance } from './allowance.ts';
import type { Evidence } from './check.ts';

interface End {
  readonly by: Operation;
  /** This id only; null for the whole session. */
  readonly id: string | null;
}

/** What was acknowledged to have ended is not served again, beyond the bound. */
export function checkEnds({ history, sessions }: Evidence, allowance: Allowance): Violation[] {
  return sessions.flatMap(({ number }) => {
    const operations = history.filter(({ session }) => session === number);
    const ends = endsOf(operations, history);
    return operations
      .filter(({ outcome }) => outcome.kind === 'session')
      .flatMap((operation): Violation[] => {
        const end = ends.find(({ by, id }) => {
          if ((id !== null && id !== operation.id) || by.returnedAt >= operation.invokedAt) return false;
          if (operation.kind !== 'get') return isAcknowledged(by);
          return !allowance.permits(by.returnedAt, operation.invokedAt, isOwn(by, operation), operation);
        });
        return end === undefined ? [] : [violation(end, operation)];
      });
  });
}

/** A call that found nothing to end does not know what else had been ended, nor by which call. */
function isOwn(by: Operation, read: Operation): boolean {
  if (by.node !== read.node || by.kind === 'destroyByUser') return false;
  return by.outcome.kind !== 'done' || (by.outcome.value === true && by.id === read.id);
}

function violation({ by }: End, operation: Operation): Violation {
  const ago = (operation.invokedAt - by.returnedAt).toFixed(0);
  const message = `${operation.kind} served what ${by.kind} had ended ${ago} ms before`;
  return { rule: 'served-after-end', message, session: operation.session, operations: [by, operation] };
}

function endsOf(operations: readonly Operation[], history: readonly Operation[]): End[] {
  const ends: End[] = [];
  const creation = operations.find(({ kind }) => kind === 'create');
  for (const by of operations) {
    if (by.kind === 'regenerate' && isAcknowledged(by)) ends.push({ by, id: by.id });
    if (by.kind === 'destroy' && isAcknowledged(by))
      ends.push({ by, id: findsTheSession(by, operations) ? null : by.id });
  }
  for (const by of history) {
    if (by.kind !== 'destroyByUser' || !isAcknowledged(by)) continue;
    if (creation === undefined || creation.returnedAt >= by.invokedAt || mentions(operations, by.exceptId)) continue;
    if (by.userId === null || owners(operations, by).every((userId) => userId === by.userId)) {
      ends.push({ by, id: null });
    }
  }
  return ends;
}

/** A destroy with an id of late finds the session under its present one. */
function findsTheSession(destroy: Operation, operations: readonly Operation[]): boolean {
  const { outcome } = destroy;
  if (outcome.kind === 'done' && outcome.value === true) return true;
  return (
    operations.every(
      ({ kind, id, returnedAt, outcome: { kind: how } }) =>
        kind !== 'regenerate' ||
        id !== destroy.id ||
        how !== 'session' ||
        returnedAt > destroy.invokedAt - REGENERATED_LOOKUP_SAFE_MS,
    ) && isFirstHand(destroy, operations)
  );
}

/** The row remembers its latest keys, but an uncertain regenerate may have moved the session to an id that nobody knows. */
function isFirstHand(destroy: Operation, operations: readonly Operation[]): boolean {
  const before = operations.filter(({ kind, invokedAt }) => kind === 'regenerate' && invokedAt < destroy.returnedAt);
  const left = before.find(({ id, outcome }) => id === destroy.id && outcome.kind === 'session');
  const since = before.filter(({ invokedAt }) => left !== undefined && invokedAt >= left.invokedAt);
  if (since.length > PREVIOUS_KEYS_MAX) return false;
  return before.every(
    ({ outcome, returnedAt }) =>
      outcome.kind === 'session' && returnedAt > destroy.invokedAt - REGENERATED_LOOKUP_SAFE_MS,
  );
}

/** Whom the session may belong to while `by` runs. */
function owners(operations: readonly Operation[], by: Operation): (string | null)[] {
  const changes = operations.filter(
    (operation) =>
      (operation.kind === 'create' || (operation.kind === 'regenerate' && operation.userId !== null)) &&
      mayHaveHappened(operation) &&
      operation.invokedAt < by.returnedAt,
  );
  const settled = changes.filter((change) => isAcknowledged(change) && change.returnedAt < by.invokedAt);
  const last = settled.toSorted((a, b) => revisionOf(a) - revisionOf(b)).at(-1);
  const open = changes.filter((change) => !settled.includes(change));
  return [...(last ? [last] : []), ...open].map(({ userId }) => userId);
}

function revisionOf({ outcome }: Operation): number {
  return outcome.kind === 'session' ? outcome.revision : 0;
}

function mentions(operations: readonly Operation[], sought: string | null = null): boolean {
  if (sought === null) return false;
  return operations.some(({ id, outcome }) => id === sought || (outcome.kind === 'session' && outcome.id === sought));
}
