import { FEED_INTERVAL_MS, FEED_OVERLAP_MS } from '../../../src/limits/feed.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import type { TierChange } from '../../../src/telemetry/channels.ts';
import type { Operation, Violation } from '../history.ts';
import type { Marks } from '../servers/simulated-database.ts';
import { SMALL_LIMITS } from '../small-limits.ts';
import type { SimulationEvidence } from './check.ts';

export interface Change extends TierChange {
  /** World time. */
  readonly at: number;
}

/** When everybody looked at everything; `Infinity` where they did not. */
export interface Looks {
  readonly firstAt: number;
  /** Some seconds later, when copies are there: the first of three looks at what is alive. */
  readonly livingAt: number;
  /** The last of them. */
  readonly secondAt: number;
  /** What was marked then. The run goes on for a minute or more: marks that lay ahead then may be of the past in the end, or cleared. */
  readonly marksAtSecond: Marks;
  /** After Redis had lost all of them. */
  readonly emptiedAt: number;
}

/** Every tier is in use again by then, whatever had failed. */
const CALM_AFTER_MS = 10_000;
/** As above, where a stray disputes what is named: a few disputes of three seconds, whose ends are published later still. */
const CALM_AFTER_DISPUTES_MS = 25_000;

/** The last poll may have begun an interval ago, reads from where the one before began, and allows for a clock set back since. */
const FEED_LAG_MS = 3 * FEED_INTERVAL_MS;

/** Some seconds after the last fault nothing changes any more, all is well, nothing stays pending, and copies are served. */
export function checkLiveness(evidence: SimulationEvidence): Violation[] {
  return [...checkCalm(evidence), ...checkHealth(evidence), ...checkMarks(evidence), ...checkServing(evidence)];
}

function checkCalm({ changes, healedAt, strays }: SimulationEvidence): Violation[] {
  const calmAfterMs = strays.size > 0 ? CALM_AFTER_DISPUTES_MS : CALM_AFTER_MS;
  // That all is well again is said later where a tier has changed often.
  const late = changes.filter(
    (change) =>
      change.at > healedAt + calmAfterMs && change.state !== 'up' && !(strays.size > 0 && isUncovered(change, changes)),
  );
  if (late.length === 0) return [];
  const reasons = [...new Set(late.map(({ tier, state, reason }) => `${tier} ${state}: ${reason}`))].join(', ');
  return [flaw('restless', `tiers changed ${late.length} times long after the last fault (${reasons})`)];
}

/**
 * True for a stray whose clock of Redis was set back: it names that reason until its copies are trusted again, and then, without a change of
 * its state, the one that stays.
 */
function isUncovered({ reason, since }: Change, changes: readonly Change[]): boolean {
  return (
    reason === 'not-named' &&
    changes.some((other) => other.since.getTime() === since.getTime() && other.reason === 'clock-set-back')
  );
}

function checkHealth(evidence: SimulationEvidence): Violation[] {
  const { strays, plan } = evidence;
  const lacksShard = plan.faults.some(({ kind }) => kind === 'cluster-down');
  return [...evidence.health].flatMap(([node, health]) =>
    Object.entries(health).flatMap(([what, condition]) => {
      const state = stateOf(condition);
      const isPrimaryLacking = what === 'primary' && (strays.has(node) || lacksShard);
      if (isPrimaryLacking ? state !== 'down' : state === 'up') return [];
      return [flaw('unhealthy', `${node} says that ${what} is ${state} long after the last fault`)];
    }),
  );
}

function checkMarks({ marks, plan }: SimulationEvidence): Violation[] {
  // Marks from a clock that was ahead go when their time has come.
  const left = marks.dated.filter((at) => at < marks.now).length;
  if (left === 0 || plan.faults.some(({ kind }) => kind === 'excursion-database' || kind === 'server-clock')) return [];
  return [flaw('marks-stay', `${left} rows are still marked long after the last fault`)];
}

/**
 * More marks than a node reads, by a clock that was ahead: until it has passed them and the overlap, each poll raises the trust floor
 * instead.
 */
function isFlooded({ dated, now }: Marks): boolean {
  const { FEED_PAGE_ROWS, FEED_PAGES_MAX } = SMALL_LIMITS.feed;
  const readFrom = now - FEED_OVERLAP_MS - FEED_LAG_MS;
  return dated.filter((at) => at > readFrom).length >= FEED_PAGE_ROWS * FEED_PAGES_MAX;
}

function checkServing({ history, looks, held, plan, strays, isDown }: SimulationEvidence): Violation[] {
  if (isFlooded(looks.marksAtSecond)) return [];
  // A slot that moved while the clock of Redis was ahead: copies are doubted until the clock is there again, for ten minutes at most.
  const has = (name: string): boolean => plan.faults.some(({ kind }) => kind === name);
  if (has('excursion-redis') && has('cluster-migrate')) return [];
  // A process that died while the clock of Redis was ahead has left a hold that stays until then.
  const staysHeld = new Set(has('excursion-redis') ? held : []);
  const isHeld = ({ id }: Operation): boolean => id !== null && staysHeld.has(storageKeyOf(id).toString('hex'));
  // Each `revalidateAfter` the durable tier confirms a copy once, and that is longer than two of these looks are apart.
  const last = history.filter(
    ({ kind, invokedAt, node, id }) =>
      kind === 'get' && invokedAt >= looks.livingAt && !strays.has(node) && !(id !== null && isDown(id)),
  );
  const missed = last.filter((read) => {
    const isLast = read.invokedAt >= looks.secondAt && read.invokedAt < looks.emptiedAt;
    const ofSame = last.filter(
      ({ node, id, invokedAt }) => node === read.node && id === read.id && invokedAt <= read.invokedAt,
    );
    return isLast && ofSame.slice(-2).every(isFromDurable) && !isHeld(read);
  });
  const [first] = missed;
  if (first === undefined) return [];
  const message = `${missed.length} reads were not served by the primary tier long after the last fault`;
  return [{ rule: 'not-served', message, session: first.session, operations: [first] }];
}

function isFromDurable({ outcome }: Operation): boolean {
  return outcome.kind === 'session' && outcome.servedBy === 'durable';
}

function stateOf(condition: unknown): string {
  if (typeof condition === 'string') return condition;
  return typeof condition === 'object' && condition !== null && 'state' in condition
    ? String(condition.state)
    : 'unknown';
}

function flaw(rule: string, message: string): Violation {
  return { rule, message, session: null, operations: [] };
}
