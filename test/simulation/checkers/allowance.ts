import { FAULTS } from '../faults.ts';
import { FEED_LEASE_MS } from '../plan.ts';
import type { Evidence } from './check.ts';

/** Whether a read that was asked at `readAt` may still be wrong about what was acknowledged at `knownAt`. */
export interface Allowance {
  readonly bounds: { readonly own: number; readonly others: number };
  permits(knownAt: number, readAt: number, isOwn: boolean): boolean;
}

/** What measuring may be off by. */
const MARGIN_MS = 20;
/** After an outage of the database the feed is late until the breaker's probe and one poll have gone through. */
const CATCHING_UP_MS = 6_000;

/** The table of promises, for the faults that this run had. */
export function allowanceOf({ plan, hasFeed }: Evidence): Allowance {
  const classes = new Set(plan.faults.map(({ kind }) => FAULTS[kind]));
  const leaseMs = plan.validationLeaseMs + MARGIN_MS;
  const own = classes.has('validation') ? leaseMs : 0;
  const others = classes.has('validation')
    ? leaseMs
    : classes.has('feed')
      ? hasFeed
        ? FEED_LEASE_MS + MARGIN_MS
        : leaseMs
      : 0;
  const outages = plan.faults.filter(({ kind }) => kind.startsWith('database-') && kind !== 'database-slow');
  const outageBetween = (from: number, to: number): number =>
    outages.reduce((sum, { at, lengthMs }) => {
      const [begin, end] = [Math.max(from, at), Math.min(to, at + lengthMs + CATCHING_UP_MS)];
      return sum + Math.max(0, end - begin);
    }, 0);
  return {
    bounds: { own, others },
    permits(knownAt, readAt, isOwn) {
      if (readAt <= knownAt) return true;
      const bound = isOwn ? own : others;
      return bound > 0 && readAt - knownAt - outageBetween(knownAt, readAt) <= bound;
    },
  };
}
