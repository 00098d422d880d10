import { isAcknowledged, type Operation, type Violation } from '../history.ts';
import type { Allowance } from './allowance.ts';
import type { Evidence } from './check.ts';

/** No read is older than a write that was acknowledged before it was asked, beyond the bound; a strong one never is. */
export function checkFreshness({ history, sessions }: Evidence, allowance: Allowance): Violation[] {
  return sessions.flatMap(({ number }) => {
    const seen = history.filter(({ session, outcome }) => session === number && outcome.kind === 'session');
    const writes = seen.filter(
      (operation) => operation.kind !== 'get' && operation.kind !== 'strongGet' && isAcknowledged(operation),
    );
    return seen.flatMap((read): Violation[] => {
      const missed = writes.find((write) => {
        if (write.returnedAt >= read.invokedAt || revisionOf(write) <= revisionOf(read)) return false;
        // Other nodes have to learn that an earlier id has ended.
        const isOwn = write.node === read.node && idOf(write) === read.id;
        return read.kind !== 'get' || !allowance.permits(write.returnedAt, read.invokedAt, isOwn, read);
      });
      if (missed === undefined) return [];
      const ago = (read.invokedAt - missed.returnedAt).toFixed(0);
      const whose = missed.node === read.node ? 'its own node' : 'another node';
      const message = `${read.kind} saw revision ${revisionOf(read)}, but ${whose} had acknowledged ${revisionOf(missed)} ${ago} ms before`;
      return [{ rule: 'stale', message, session: number, operations: [missed, read] }];
    });
  });
}

function revisionOf({ outcome }: Operation): number {
  return outcome.kind === 'session' ? outcome.revision : 0;
}

function idOf({ outcome }: Operation): string | null {
  return outcome.kind === 'session' ? outcome.id : null;
}
