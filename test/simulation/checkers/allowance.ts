import { FAULTS } from '../faults.ts';
import type { Operation } from '../history.ts';
import { FEED_FRESH_MS } from '../plan.ts';
import type { SimulationEvidence } from './check.ts';
import { SERVER_CLOCK_JUMP_MS } from './margins.ts';

/** Whether a read that was asked at `readAt` may still be wrong about what was acknowledged at `knownAt`, by its own node or another. */
export interface Allowance {
  readonly bounds: { readonly own: number; readonly others: number };
  permits(knownAt: number, readAt: number, isOwn: boolean, read: Operation): boolean;
}

/** What measuring may be off by. */
const MARGIN_MS = 20;
/** An outage is noticed to be over by a probe: the last one that was lost has to be given up, and the next to be due. */
const PROBE_AGAIN_MS = 3_000;

/**
 * The table of promises, for the faults that this run had. What the durable tier answered is never of the past. What the
 * primary tier answered may be, by the bound; and for longer only where the database was away from that node while it was
 * asked.
 */
export function allowanceOf({ plan, hasFeed, outages, setBackAt }: SimulationEvidence): Allowance {
  const classes = new Set(plan.faults.map(({ kind }) => FAULTS[kind]));
  const isClockSet = plan.faults.some(({ kind }) => kind === 'clock-redis' || kind === 'excursion-redis');
  const revalidationMs = plan.revalidateAfterMs + MARGIN_MS + (isClockSet ? SERVER_CLOCK_JUMP_MS : 0);
  const feedMs = hasFeed ? FEED_FRESH_MS + MARGIN_MS : revalidationMs;
  const own = classes.has('rollback') ? revalidationMs : 0;
  const others = own > 0 ? own : classes.has('feed') || classes.has('demotion') ? feedMs : 0;
  const wasAway = ({ node, invokedAt, returnedAt }: Operation): boolean =>
    outages.some(
      (outage) =>
        (outage.node === null || outage.node === node) &&
        outage.from <= returnedAt &&
        outage.until + PROBE_AGAIN_MS >= invokedAt,
    );
  return {
    bounds: { own, others },
    permits(knownAt, readAt, isOwn, read) {
      if (readAt <= knownAt) return true;
      if (read.outcome.kind === 'session' && read.outcome.servedBy === 'durable') return false;
      // `FEED_FRESH_MS` after the data went back, for a write of any node.
      if (setBackAt.some((at) => at > knownAt - MARGIN_MS && readAt - at <= feedMs)) return true;
      const bound = isOwn ? own : others;
      return bound > 0 && (readAt - knownAt <= bound || wasAway(read));
    },
  };
}
