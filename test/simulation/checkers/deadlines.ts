import type { Operation, Violation } from '../history.ts';
import type { Evidence } from './check.ts';
import { skewBetween, touchLateness } from './margins.ts';

/** Nothing is served past its absolute deadline, nor when nobody has used it for the idle lifetime, but for what clocks differ by. */
export function checkDeadlines({ history, sessions, plan }: Evidence): Violation[] {
  const skew = skewBetween(plan);
  return sessions.flatMap(({ number }) => {
    const operations = history.filter(({ session }) => session === number);
    return operations.flatMap((operation): Violation[] => {
      const { outcome, invokedAt, kind } = operation;
      if (outcome.kind !== 'session' || kind === 'create') return [];
      const about = { session: number, operations: [operation] };
      if (invokedAt > outcome.absoluteExpiresAt + skew) {
        return [{ rule: 'past-deadline', message: `${kind} served a session past its absolute deadline`, ...about }];
      }
      const idleFor = invokedAt - lastActivityBefore(operation, operations);
      if (idleFor <= plan.idleMs + touchLateness(plan) + skew) return [];
      const message = `${kind} served a session that nobody had used for ${idleFor.toFixed(0)} ms`;
      return [{ rule: 'past-idle', message, ...about }];
    });
  });
}

/** Whatever may have counted as activity, as late as it may have. */
function lastActivityBefore(operation: Operation, operations: readonly Operation[]): number {
  return operations
    .filter((other) => other !== operation && !other.isPassive && other.invokedAt < operation.invokedAt)
    .reduce((last, { returnedAt }) => Math.max(last, Math.min(returnedAt, operation.invokedAt)), 0);
}
