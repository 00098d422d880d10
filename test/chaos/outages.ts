import type { Allowance } from '../simulation/checkers/allowance.ts';
import type { Operation } from '../simulation/history.ts';
import {
  ACKNOWLEDGEMENT_MS,
  DATABASE_RECOVERY_MS,
  FEED_BOUND_MS,
  REVALIDATION_MARGIN_MS,
  REDIS_RECOVERY_MS,
} from './bounds.ts';
import { kindOf } from './faults/faults.ts';
import type { Seen } from './checks.ts';
import type { Disturbance } from './schedule.ts';
import { STALL_MS } from './stalls.ts';

interface Span {
  readonly from: number;
  readonly to: number;
}

type OfOneNode = Span & { readonly node: string };

/** When the database, and when Redis, may not have been of use to everybody, and what follows for the promises. */
export class Outages {
  readonly #database: readonly Span[];
  readonly #redis: readonly Span[];
  /** The machine itself had no time for somebody. */
  readonly #busy: readonly Span[];
  /** To the node, both tiers were away. */
  readonly #frozen: readonly OfOneNode[];
  readonly #rollbacks: readonly Span[];
  readonly #twoMasters: readonly Span[];
  readonly #revalidateAfterMs: number;

  constructor({ disturbances, stalls, revalidateAfterMs }: Seen) {
    const spans = (isOne: (disturbance: Disturbance) => boolean, recoveryMs: number): OfOneNode[] =>
      disturbances
        .filter(isOne)
        .map(({ node, beganAt, endedAt }) => ({ node, from: beganAt, to: endedAt + recoveryMs }));
    const isFrozen = ({ name }: Disturbance): boolean => name === 'node-frozen';
    const ofRedis = spans((one) => isFrozen(one) || kindOf(one.name).group.startsWith('redis'), REDIS_RECOVERY_MS);
    const parted = spans(({ name }) => kindOf(name).partsNodes === true, DATABASE_RECOVERY_MS);
    const unnamed = disturbances.flatMap((one) => unnamedSpans(one, disturbances));
    this.#frozen = spans(isFrozen, DATABASE_RECOVERY_MS);
    this.#database = merged(spans(({ name }) => kindOf(name).group === 'database', DATABASE_RECOVERY_MS));
    // A stall trips time-outs, as servers do that are slow.
    this.#busy = stalls.map(({ from, to }) => ({ from: from - STALL_MS, to: to + REDIS_RECOVERY_MS }));
    this.#redis = merged([...ofRedis, ...parted, ...unnamed, ...this.#busy]);
    this.#rollbacks = spans(({ name }) => kindOf(name).misleads === 'everybody', ACKNOWLEDGEMENT_MS);
    this.#twoMasters = spans(({ name }) => kindOf(name).misleads === 'others', REDIS_RECOVERY_MS);
    this.#revalidateAfterMs = revalidateAfterMs;
  }

  touchesDatabase({ node, invokedAt, returnedAt }: Operation): boolean {
    const isDuring = ({ from, to }: Span): boolean => invokedAt <= to && returnedAt >= from;
    return (
      [...this.#database, ...this.#busy].some(isDuring) ||
      this.#frozen.some((span) => span.node === node && isDuring(span))
    );
  }

  /** The longest that its node was blocked meanwhile. */
  frozenMs({ node, invokedAt, returnedAt }: Operation): number {
    return overlap(
      this.#frozen.filter((span) => span.node === node),
      invokedAt,
      returnedAt,
    );
  }

  /**
   * What the database answers is never of the past. The node itself is never behind, and others only by what was acknowledged while Redis was in trouble: by `FEED_FRESH_MS`,
   * or as long as the database could not be asked. Where nobody could notice that Redis had changed, by `revalidateAfter`; a copy
   * that nobody has read since, and that is read while the database is away, may be from any time before.
   */
  allowance(): Allowance {
    const boundMs = this.#revalidateAfterMs + REVALIDATION_MARGIN_MS;
    return {
      bounds: { own: 0, others: FEED_BOUND_MS },
      permits: (knownAt, readAt, isOwn, { outcome }) => {
        if (readAt <= knownAt) return true;
        if (outcome.kind === 'session' && outcome.servedBy === 'durable') return false;
        const behindMs = readAt - knownAt - overlap(this.#database, knownAt, readAt);
        if (this.#isMisled(knownAt, readAt, isOwn) && (behindMs <= boundMs || this.#isWithoutDatabase(readAt)))
          return true;
        if (isOwn || !this.#redis.some(({ from, to }) => knownAt >= from && knownAt <= to)) return false;
        return behindMs <= FEED_BOUND_MS;
      },
    };
  }

  #isWithoutDatabase(at: number): boolean {
    return this.#database.some(({ from, to }) => at >= from && at <= to);
  }

  #isMisled(knownAt: number, readAt: number, isOwn: boolean): boolean {
    return (
      this.#rollbacks.some(({ from, to }) => knownAt <= to && readAt >= from) ||
      (!isOwn && this.#twoMasters.some(({ from, to }) => knownAt >= from && knownAt <= to))
    );
  }
}

/** A Redis that is back before the database has to wait for it: the database names the Redis that counts. */
function unnamedSpans(lost: Disturbance, disturbances: readonly Disturbance[]): Span[] {
  if (!kindOf(lost.name).losesRedis) return [];
  return disturbances
    .filter(({ name, round, endedAt }) => {
      return round === lost.round && kindOf(name).group === 'database' && endedAt > lost.endedAt;
    })
    .map(({ endedAt }) => ({ from: lost.beganAt, to: endedAt + DATABASE_RECOVERY_MS }));
}

function overlap(spans: readonly Span[], begin: number, end: number): number {
  return spans.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, end) - Math.max(from, begin)), 0);
}

function merged(spans: readonly Span[]): Span[] {
  const result: { from: number; to: number }[] = [];
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}
