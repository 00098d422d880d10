import type { Violation } from '../history.ts';
import type { Evidence } from './check.ts';
import { SKEW_BETWEEN_MS } from './margins.ts';

/** Nothing is served past its absolute deadline, but for what clocks differ by. */
export function checkDeadlines({ history }: Evidence): Violation[] {
  return history.flatMap((operation): Violation[] => {
    const { outcome, invokedAt } = operation;
    if (outcome.kind !== 'session' || invokedAt <= outcome.absoluteExpiresAt + SKEW_BETWEEN_MS) return [];
    const message = `${operation.kind} served a session past its absolute deadline`;
    return [{ rule: 'past-deadline', message, session: operation.session, operations: [operation] }];
  });
}
