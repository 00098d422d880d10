import { isAcknowledged, mayHaveHappened, saysNotFound, type Violation } from '../history.ts';
import type { Evidence } from './check.ts';
import { SKEW_BETWEEN_MS, TOUCH_LATENESS_MS } from './margins.ts';

/** Nobody is told "not found" of a session that nobody can have ended. */
export function checkLiving({ history, sessions, plan }: Evidence): Violation[] {
  const { idleMs, absoluteMs } = plan;
  return sessions.flatMap(({ number }) => {
    const operations = history.filter(({ session }) => session === number);
    const users = new Set(operations.filter(mayHaveHappened).map(({ userId }) => userId));
    const endings = history.filter(
      (operation) =>
        mayHaveHappened(operation) &&
        ((operation.kind === 'destroyByUser' && users.has(operation.userId)) ||
          (operation.session === number && (operation.kind === 'destroy' || operation.kind === 'regenerate'))),
    );
    const writes = operations.filter(
      (operation) => operation.kind !== 'get' && operation.kind !== 'touch' && isAcknowledged(operation),
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
        ...writes.filter((write) => write.returnedAt < invokedAt).map((write) => write.invokedAt),
      );
      const isFresh = returnedAt < active + idleMs - TOUCH_LATENESS_MS - SKEW_BETWEEN_MS;
      if (!isFresh || returnedAt > begin + absoluteMs - SKEW_BETWEEN_MS) return [];
      const message = `${operation.kind} was told that a living session is not there`;
      return [{ rule: 'living-not-found', message, session: number, operations: [origin, operation] }];
    });
  });
}
