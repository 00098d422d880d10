import { isAcknowledged, mayHaveHappened, saysNotFound, type Operation, type Violation } from '../history.ts';
import type { Evidence } from './check.ts';
import { skewBetween, touchLateness } from './margins.ts';

/** No caller gets "not found" for a session that no call can have ended. */
export function checkLiving({ history, sessions, plan }: Evidence): Violation[] {
  const { idleMs, absoluteMs } = plan;
  const skew = skewBetween(plan);
  // A touch that only Redis received may be lost with the process that was to write it to the database.
  const isForgetful = plan.faults.some(({ kind }) => kind === 'node-crash');
  return sessions.flatMap(({ number }) => {
    const operations = history.filter(({ session }) => session === number);
    const users = new Set(operations.filter(mayHaveHappened).map(({ userId }) => userId));
    const endings = history.filter(
      (operation) =>
        mayHaveHappened(operation) &&
        ((operation.kind === 'destroyByUser' && isMeant(operation, users) && !isSpared(operation, operations)) ||
          (operation.session === number && (operation.kind === 'destroy' || operation.kind === 'regenerate'))),
    );
    const writes = operations.filter(
      (operation) =>
        operation.kind !== 'get' && isAcknowledged(operation) && !(operation.kind === 'touch' && isForgetful),
    );
    return operations.filter(saysNotFound).flatMap((operation): Violation[] => {
      const { id, invokedAt, returnedAt } = operation;
      const origin = operations.find(
        ({ outcome, returnedAt: at }) => outcome.kind === 'session' && outcome.id === id && at <= invokedAt,
      );
      if (origin === undefined) return [];
      const isEnded = endings.some(
        (ending) => ending.invokedAt <= returnedAt && (ending.kind !== 'regenerate' || ending.id === id),
      );
      if (isEnded) return [];
      const begin = operations.find(({ kind }) => kind === 'create')?.invokedAt ?? 0;
      const active = Math.max(
        begin,
        ...writes
          .filter((write) => write.kind !== 'strongGet' && write.returnedAt < invokedAt)
          .map((write) => write.invokedAt),
      );
      const isFresh = returnedAt < active + idleMs - touchLateness(plan) - skew;
      if (!isFresh || returnedAt > begin + absoluteMs - skew) return [];
      const message = `${operation.kind} did not find a living session`;
      return [{ rule: 'living-not-found', message, session: number, operations: [origin, operation] }];
    });
  });
}

/** Everybody is meant by a call that names no user. */
function isMeant({ userId }: Operation, users: ReadonlySet<string | null>): boolean {
  return userId === null || users.has(userId);
}

/** The session had the id that was to be spared, and no other before the call was over. */
function isSpared(by: Operation, operations: readonly Operation[]): boolean {
  const first = operations.find(({ outcome }) => outcome.kind === 'session')?.outcome;
  const hasMoved = operations.some(
    (operation) =>
      operation.kind === 'regenerate' && mayHaveHappened(operation) && operation.invokedAt <= by.returnedAt,
  );
  return !hasMoved && first?.kind === 'session' && first.id === by.exceptId;
}
