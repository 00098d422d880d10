import type { Session } from '../../src/index.ts';
import { storageKeyOf } from '../../src/session/session-id.ts';
import type { Operation, Outcome } from './history.ts';
import { toWorldTime } from './world.ts';
import type { Cart } from './workload.ts';

/* What was answered, as a history keeps it and as a trace shows it. */

export function toOutcome(answer: Session<Cart> | boolean | number | null | void): Outcome {
  if (answer === null) return { kind: 'absent' };
  if (typeof answer !== 'object') return { kind: 'done', value: answer ?? null };
  return {
    kind: 'session',
    id: answer.id,
    revision: answer.revision,
    items: answer.data.items,
    absoluteExpiresAt: toWorldTime(answer.absoluteExpiresAt.getTime()),
    servedBy: answer.servedBy,
  };
}

export function nameOf({ session, id, userId }: Operation): string {
  const key = id === null ? '' : ` key ${shortKey(storageKeyOf(id))}`;
  return session === null ? (userId ?? 'everyone') : `session ${session}${key}`;
}

export function summaryOf(outcome: Outcome): string {
  if (outcome.kind === 'session') {
    return `revision ${outcome.revision} key ${shortKey(storageKeyOf(outcome.id))} from ${outcome.servedBy}`;
  }
  return outcome.kind === 'failed' ? outcome.code : outcome.kind === 'done' ? String(outcome.value) : outcome.kind;
}

export function shortKey(key: Buffer | null): string {
  return key === null ? '-' : key.toString('hex').slice(0, 8);
}
