import { TierFailure } from '../../../errors.ts';
import {
  SHARED_STATEMENT_BYTES_MAX,
  SLOW_STATEMENT_PARTS,
  STATEMENT_TIME_SHARE_MIN,
} from '../../../limits/durable-tier.ts';
import type { Platform } from '../../../platform/platform.ts';
import { TransientSet } from '../../../platform/transient.ts';
import { keyOf } from '../../sql/rows/answers.ts';
import { Call, type CallTimeouts } from './call.ts';
import type { Lanes } from './lanes.ts';
import { SlowRows } from './slow-rows.ts';

export interface BatcherOptions<Request, Answer> {
  readonly platform: Platform;
  /** Every call settles within this time, which `timeouts` enforces. */
  readonly timeoutMs: number;
  readonly timeouts: CallTimeouts;
  readonly lanes: Lanes;
  /** True if a lane belongs to its statement until the answer, however late. */
  readonly holdsLane: boolean;
  /** The fewest calls that are split over the free lanes. */
  readonly rowsMin: number;
  /** The most calls that may share a statement. */
  readonly rowsMax: number;
  /** True if the statements lock rows, so that one may wait for a row that another transaction has locked. */
  readonly locksRows: boolean;
  /** Returns the storage key of a request. Two calls of one session never share a statement. */
  readonly storageKeyOf: (request: Request) => Buffer;
  /** Returns the approximate bytes of a request and its answer, which bound how many calls share. */
  readonly bytesOf: (request: Request) => number;
  /** Sends one statement. Returns the answer of each request, by its number; throws a failure of all of them. */
  readonly send: (requests: readonly Request[], deadline: number) => Promise<(n: number) => Answer>;
}

interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly key: string;
  readonly call: Call<Answer>;
}

/**
 * The reasons for which a statement was refused as a whole, perhaps because of one row; it changed nothing. `too-late` is an
 * insert that waited for another one of its key; on MySQL also an insert whose key is taken, or an update that loses.
 */
const REASONS_OF_ONE_ROW: ReadonlySet<string> = new Set(['too-late', 'unique-violation', 'value-refused']);

/** The reasons for which the server gave up a slow statement, which changed nothing. */
const REASONS_OF_A_WAIT: ReadonlySet<string> = new Set(['lock-timeout', 'statement-timeout']);

/**
 * Lets calls that arrive together share a statement ("group commit"). There is no timer: a call that finds a lane free is
 * sent at once. While all lanes are busy, calls collect, and the lanes that become free share them.
 */
export class Batcher<Request, Answer> {
  readonly #options: BatcherOptions<Request, Answer>;
  readonly #waiting = new TransientSet<Waiting<Request, Answer>>();
  /** The parts of statements that the server gave up. Each is sent as it is, before calls that came later. */
  readonly #parts: Waiting<Request, Answer>[][] = [];
  readonly #slowRows: SlowRows;
  #asksForLane = false;
  /**
   * The calls that may share a statement now: half as many after one that was given up, here or by the server, since
   * rows may take long (a lock, a trigger, a slow disk), and one more with each answer.
   */
  #rowsMax: number;

  constructor(options: BatcherOptions<Request, Answer>) {
    this.#options = options;
    this.#rowsMax = options.rowsMax;
    this.#slowRows = new SlowRows(options.platform);
  }

  run(request: Request): Promise<Answer> {
    const { platform, timeoutMs, timeouts, storageKeyOf } = this.#options;
    const deadline = platform.monotonic() + timeoutMs;
    const call = new Call<Answer>(timeouts, deadline, () => this.#waiting.delete(waiting));
    const waiting = { request, key: keyOf(storageKeyOf(request)), call };
    this.#waiting.add(waiting);
    this.#askForLane();
    if (this.#areEnough) this.#options.lanes.open();
    return call.answered;
  }

  /**
   * Queues for a lane at the end of this turn of the event loop: nothing could be sent before, and callers that one statement
   * answered often call again together.
   */
  #askForLane(): void {
    if (this.#asksForLane || (this.#waiting.size === 0 && this.#parts.length === 0)) return;
    this.#asksForLane = true;
    process.nextTick(() => {
      this.#options.lanes.enter(() => {
        this.#asksForLane = false;
        const members = this.#takeShare();
        this.#askForLane();
        return this.#occupy(members);
      }, this.#areEnough);
    });
  }

  /** True if the waiting calls are enough for a lane beside a busy one. */
  get #areEnough(): boolean {
    return this.#parts.length > 0 || this.#waiting.size >= Math.min(this.#options.lanes.rowsMin, this.#rowsMax);
  }

  /**
   * Takes the oldest calls, and refuses those whose time is nearly up. A lane takes its part of many calls: one that took all
   * would leave the other lanes idle.
   */
  #takeShare(): Waiting<Request, Answer>[] {
    const rest = this.#parts.shift();
    if (rest) return rest;
    const { timeouts, timeoutMs, lanes, rowsMin, bytesOf } = this.#options;
    // Time in which this process was blocked does not count: the database had no part in it.
    const longestMs = timeoutMs * (1 - STATEMENT_TIME_SHARE_MIN);
    const part = Math.ceil(this.#waiting.size / (1 + lanes.free));
    const share = Math.min(this.#rowsMax, Math.max(rowsMin, lanes.rowsMin, part));
    const taken = new Map<string, Waiting<Request, Answer>>();
    let bytes = 0;
    for (const waiting of this.#waiting) {
      if (taken.size === share) break;
      if ((timeouts.waited(waiting.call) ?? 0) > longestMs) {
        waiting.call.expire();
        continue;
      }
      const isSlow = this.#slowRows.has(waiting.key);
      if (taken.has(waiting.key) || (isSlow && taken.size > 0)) continue;
      bytes += bytesOf(waiting.request);
      if (taken.size > 0 && bytes > SHARED_STATEMENT_BYTES_MAX) break;
      taken.set(waiting.key, waiting);
      this.#waiting.delete(waiting);
      if (isSlow) break;
    }
    return [...taken.values()];
  }

  /** Sends the calls, and settles when the lane is free again. */
  #occupy(members: readonly Waiting<Request, Answer>[]): Promise<void> {
    // One object: a late statement is one failure for all its calls.
    let failure: TierFailure | undefined;
    const { platform, timeoutMs } = this.#options;
    const sentAt = platform.monotonic();
    const late = (): TierFailure => {
      if (failure !== undefined) return failure;
      // A late statement of one row says nothing about sharing, and its time may have passed while it waited for a lane.
      const isSlow = members.length > 1 && platform.monotonic() - sentAt >= timeoutMs / 2;
      if (isSlow) this.#shareLess(members.length);
      return (failure = new TierFailure('ambiguous', 'deadline'));
    };
    for (const { call } of members) call.whenLate = late;
    const sent = this.#send(members);
    const last = members.at(-1);
    return this.#options.holdsLane || !last ? sent : last.call.within(sent);
  }

  async #send(members: readonly Waiting<Request, Answer>[]): Promise<void> {
    const present = members.filter(({ call }) => !call.isSettled);
    const last = present.at(-1);
    if (!last) return;
    const requests = present.map(({ request }) => request);
    try {
      const answerOf = await this.#options.send(requests, last.call.deadline);
      if (!last.call.isSettled) this.#rowsMax = Math.min(this.#rowsMax + 1, this.#options.rowsMax);
      if (present.length === 1) this.#slowRows.delete(last.key);
      for (const [n, { call }] of present.entries()) call.settle(() => answerOf(n));
    } catch (failure) {
      const hasWaited = this.#options.locksRows && isTierFailure(failure, REASONS_OF_A_WAIT);
      if (hasWaited && present.length === 1) this.#slowRows.add(last.key);
      if (hasWaited && present.length > 1) this.#split(present, failure);
      else if (present.length > 1 && isOfOneRow(failure)) await this.#sendHalves(present);
      else for (const { call } of present) call.reject(failure);
    }
  }

  /**
   * Sends the calls again in parts: another transaction may hold the lock of one row, and the other calls must not wait for
   * it again. Each part takes a lane of its own, so that the next is sent while one waits.
   */
  #split(members: readonly Waiting<Request, Answer>[], failure: TierFailure): void {
    this.#shareLess(members.length);
    for (const { call } of members) call.whenLate = () => failure;
    const size = Math.ceil(members.length / SLOW_STATEMENT_PARTS);
    for (let at = 0; at < members.length; at += size) this.#parts.push(members.slice(at, at + size));
    this.#askForLane();
  }

  #shareLess(count: number): void {
    this.#rowsMax = Math.max(1, Math.min(this.#rowsMax, Math.floor(count / 2)));
  }

  async #sendHalves(members: readonly Waiting<Request, Answer>[]): Promise<void> {
    const half = Math.ceil(members.length / 2);
    await this.#send(members.slice(0, half));
    await this.#send(members.slice(half));
  }
}

/**
 * True if one row may be the cause. An error other than a `TierFailure` is a value that no statement takes: nothing was sent.
 */
function isOfOneRow(failure: unknown): boolean {
  return !(failure instanceof TierFailure) || isTierFailure(failure, REASONS_OF_ONE_ROW);
}

function isTierFailure(failure: unknown, reasons: ReadonlySet<string>): failure is TierFailure {
  return failure instanceof TierFailure && failure.kind === 'rejected' && reasons.has(failure.reason);
}
