import { TierUnavailableError } from '../../errors.ts';
import { MASTERS_CHARS_MAX, NODE_ALIVE_MS } from '../../limits/fleet.ts';
import {
  MASTERS_DISPUTE_MS,
  MASTERS_FRESH_MS,
  MASTERS_NONCE_BYTES,
  MASTERS_QUICK_FOR_MS,
  MASTERS_QUICK_POLL_MS,
} from '../../limits/masters.ts';
import type { Moment } from '../../platform/moment.ts';
import { randomBytes, type CancelTimer, type Platform } from '../../platform/platform.ts';
import type { FeedPage, FleetView } from '../../tiers/durable.ts';
import { announceFailure } from '../background.ts';
import type { DurableGuard } from '../guard/durable-guard.ts';
import type { PrimaryGuard } from '../guard/primary-guard.ts';
import type { ShardGuard } from '../guard/shard-guard.ts';
import { disputes, nextNames } from './next-names.ts';
import { readNames, readReport, writeNames, writeReport, type Names, type Report } from './names.ts';
import type { OwnReport } from './own-report.ts';
import type { Question } from './standing.ts';

export interface MasterKeeperOptions {
  readonly platform: Platform;
  readonly primary: PrimaryGuard;
  readonly durable: DurableGuard;
  readonly report: OwnReport;
  /** Sends a heartbeat, which carries the report. */
  readonly beat: () => Promise<void>;
}

/**
 * Agrees with the other nodes on the servers of the primary tier that count: reports to which ones this node is connected, follows in
 * each poll of the dirty feed which ones the durable tier names, and changes the names where that is this node's to do.
 */
export class MasterKeeper {
  readonly #options: MasterKeeperOptions;
  /** The guards and what each has asked in the poll under way. */
  #questions: readonly (readonly [ShardGuard, Question])[] = [];
  /** Polls the dirty feed; null until it is followed. */
  #poll: (() => Promise<void>) | null = null;
  #reporting: Promise<void> | undefined;
  #examining: Promise<void> | undefined;
  /** The shards that are connected and do not count, and since when, on the monotonic clock. */
  #waiting: ReadonlyMap<ShardGuard, number> = new Map();
  /** The names and the own report that contradict each other, and since when. */
  #dispute: { readonly about: string; readonly since: number } | null = null;
  #cancelTimer: CancelTimer = () => {};

  constructor(options: MasterKeeperOptions) {
    this.#options = options;
    options.primary.changed.add(() => this.#look());
  }

  /** Reports, polls, and names the servers if nobody has. `poll` resolves after a poll that begins later than the call. */
  async start(poll: () => Promise<void>): Promise<void> {
    this.#poll = poll;
    this.#note();
    if (this.#options.report.isDue) await this.#report();
    await poll();
    await this.#examining;
  }

  async stop(): Promise<void> {
    this.#poll = null;
    this.#cancelTimer();
    await this.#examining;
  }

  /** Uses no server any more: this node is about to leave the fleet, whose other nodes then do not wait for it. */
  retire(): void {
    this.#poll = null;
    this.#cancelTimer();
    this.#options.report.retire();
    for (const guard of this.#options.primary.guards) {
      guard.standing.disconnect();
      guard.standingChanged();
    }
  }

  /** True if a server is connected, and waits for so short a time to be named that nobody need know. */
  get isUndecided(): boolean {
    const now = this.#options.platform.monotonic();
    return [...this.#waiting.values()].some((since) => now - since <= MASTERS_QUICK_FOR_MS);
  }

  /** Notes what is reported and connected as a poll begins. */
  begin(begunAt: Moment): void {
    const { report } = this.#options;
    this.#questions = this.#options.primary.guards.map((guard) => {
      const incarnation = guard.shard.vantage()?.incarnation;
      const isReported = incarnation !== undefined && report.holds(guard.shard.name, incarnation);
      return [guard, guard.standing.ask(begunAt, isReported ? incarnation : null)];
    });
  }

  /** Takes what the poll that began last was answered. Servers that count are in use from now on, and others are not. */
  take(page: FeedPage): void {
    const names = readNames(page.masters ?? '');
    const agreed = page.report === null ? null : readReport(page.report);
    for (const [guard, question] of this.#questions) {
      const before = guard.standing.reign;
      guard.standing.take(question, { names, agreed });
      if (guard.standing.reign !== before) guard.standingChanged();
    }
    this.#look();
    if (this.#poll !== null && !this.#isSettled(page, names)) void this.#examine(page.masters);
    this.#pollSoon();
  }

  /** True if all live nodes are where this one is, and that is what the names say. */
  #isSettled({ masters, report }: FeedPage, names: Names): boolean {
    const { present, presentText } = this.#options.report;
    return masters !== null && report === presentText && !disputes(present, names);
  }

  /** Follows the primary tier: reports at once what is connected, and polls where that may be named by now. */
  #look(): void {
    const hasNew = this.#note();
    if (this.#poll === null) return;
    if (this.#isReportDue()) void this.#reportAndExamine();
    else if (hasNew) void this.#poll();
  }

  /** Notes what this node has to report, and which shards wait. True if a shard waits that did not before. */
  #note(): boolean {
    const { platform, primary, report } = this.#options;
    const connected = primary.guards.map(({ shard }) => [shard.name, shard.vantage()?.incarnation ?? ''] as const);
    const text = writeReport(new Map(connected));
    report.text = text.length <= MASTERS_CHARS_MAX ? text : '';
    const before = this.#waiting;
    const waiting = primary.guards.filter(({ isWaiting }) => isWaiting);
    this.#waiting = new Map(waiting.map((guard) => [guard, before.get(guard) ?? platform.monotonic()]));
    return waiting.some((guard) => !before.has(guard));
  }

  /** True if the durable tier has to know at once. That a connection was lost changes nothing for others: the next heartbeat says it. */
  #isReportDue(): boolean {
    const { primary, report } = this.#options;
    const { guards } = primary;
    if (report.present.size !== guards.length) return true;
    return guards.some(({ shard }) => {
      const incarnation = shard.vantage()?.incarnation;
      if (incarnation === undefined) return !report.present.has(shard.name);
      return !report.holds(shard.name, incarnation);
    });
  }

  #reportAndExamine(): Promise<void> {
    this.#reporting ??= this.#report()
      // An examination that is under way may be from before the report.
      .then(() => this.#examining)
      .then(() => this.#examine(undefined))
      .finally(() => {
        this.#reporting = undefined;
      });
    return this.#reporting;
  }

  /** Sends the report. Never rejects: one that failed is sent again with the next poll that is answered. */
  #report(): Promise<void> {
    return this.#options.beat().catch((error: unknown) => this.#announce(error));
  }

  /** Polls again soon if a server is connected and does not count: what is missing may be there in a moment. */
  #pollSoon(): void {
    this.#cancelTimer();
    if (this.#poll === null || !this.isUndecided) return;
    const poll = (): void => void this.#poll?.();
    this.#cancelTimer = this.#options.platform.after(MASTERS_QUICK_POLL_MS, poll, 'background');
  }

  #examine(polled: string | null | undefined): Promise<void> {
    this.#examining ??= this.#examineFleet(polled)
      .catch((error: unknown) => this.#announce(error))
      .finally(() => {
        this.#examining = undefined;
      });
    return this.#examining;
  }

  /**
   * Looks at what each node reports: this node may have to change the names, or to report anew because they are in dispute. `polled` are
   * the names that the last poll returned; undefined where a poll has to follow in any case.
   */
  async #examineFleet(polled: string | null | undefined): Promise<void> {
    const { durable, report, platform } = this.#options;
    const fleet = await durable.fleet.read();
    const names = fleet.masters === null ? null : readNames(fleet.masters);
    const own = this.#ownReport();
    const fresh = reportsWithin(fleet, MASTERS_FRESH_MS);
    const isLong = this.#hasDisputedLong(fleet.masters, names !== null && disputes(own, names));
    const isDisputed = names !== null && [own, ...fresh].some((each) => disputes(each, names));
    if (isDisputed && report.isOld) await this.#report();
    const reports = { own, live: reportsWithin(fleet, NODE_ALIVE_MS), fresh, isLongDisputed: isLong };
    const next = nextNames(names, reports, () => randomBytes(platform, MASTERS_NONCE_BYTES).toString('hex'));
    const text = next && writeNames(next);
    const isNaming = text !== null && text.length <= MASTERS_CHARS_MAX && this.#poll !== null;
    if (isNaming) await durable.fleet.nameMasters(fleet.masters, text);
    // This node counts its server by a poll. Another node may have been faster.
    if (isNaming || fleet.masters !== polled) await this.#poll?.();
  }

  /** The present report, as far as the durable tier has it. */
  #ownReport(): Report {
    const { primary, report } = this.#options;
    return new Map(
      primary.guards.map(({ shard }) => {
        const incarnation = shard.vantage()?.incarnation ?? '';
        return [shard.name, report.holds(shard.name, incarnation) ? incarnation : ''];
      }),
    );
  }

  /** True if this node has disputed these names, with this report, for so long that every node must have reported anew. */
  #hasDisputedLong(masters: string | null, isDisputed: boolean): boolean {
    const now = this.#options.platform.monotonic();
    const about = `${masters} ${this.#options.report.text}`;
    if (!isDisputed) this.#dispute = null;
    else if (this.#dispute?.about !== about) this.#dispute = { about, since: now };
    return this.#dispute !== null && now - this.#dispute.since >= MASTERS_DISPUTE_MS;
  }

  #announce(error: unknown): void {
    // No caller waits for what this throws. A tier that is away is asked again with the next poll.
    if (!(error instanceof TierUnavailableError)) announceFailure('feed', error);
  }
}

/** A date in the future is as old as it is far: the database's clock was set back since. */
function reportsWithin({ now, nodes }: FleetView, ms: number): Report[] {
  return nodes.filter(({ seenAt }) => Math.abs(now - seenAt) <= ms).map(({ masters }) => readReport(masters));
}
