import { MASTERS_RENEW_MS } from '../../limits/masters.ts';
import { NODE_FENCE_MS } from '../../limits/fleet.ts';
import { elapsedSince, NEVER, type Moment } from '../../platform/moment.ts';
import type { Platform } from '../../platform/platform.ts';
import { readReport, type Report } from './names.ts';

/** Knows what this node reports of the primary tier, and which of its reports the durable tier has. */
export class OwnReport {
  /** The text that the next heartbeat carries. */
  text = '';
  readonly #platform: Platform;
  /** The report that the durable tier has, and its text. */
  #present: Report = new Map();
  #presentText: string | null = null;
  #sentAt = NEVER;
  #isRetired = false;
  /** The reports that were sent since and not answered yet: the durable tier may have any of these. */
  readonly #unanswered = new Set<string>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Returns the text for a heartbeat that is sent now. */
  send(): string {
    this.#unanswered.add(this.text);
    return this.text;
  }

  /** Notes that a heartbeat was answered, and with it that no earlier one changes anything any more. */
  answered(text: string, sentAt: Moment): void {
    this.#present = readReport(text);
    this.#presentText = text;
    this.#sentAt = sentAt;
    this.#unanswered.clear();
  }

  /** The report that the durable tier has. */
  get present(): Report {
    return this.#present;
  }

  get presentText(): string | null {
    return this.#presentText;
  }

  /** True if the durable tier does not have the present text. */
  get isDue(): boolean {
    return this.text !== this.#presentText || this.#unanswered.size > 0;
  }

  /** Ends the membership: other nodes do not count this one from now on, so no server counts here any more. */
  retire(): void {
    this.#isRetired = true;
  }

  /** True if it is worth reporting again in a dispute. */
  get isOld(): boolean {
    return elapsedSince(this.#platform, this.#sentAt) >= MASTERS_RENEW_MS;
  }

  /**
   * True if the durable tier has this incarnation as the report of the shard, and the other nodes count this one as living for longer
   * than a poll that begins now is of use.
   */
  holds(shard: string, incarnation: string): boolean {
    return (
      !this.#isRetired &&
      elapsedSince(this.#platform, this.#sentAt) <= NODE_FENCE_MS &&
      this.#present.get(shard) === incarnation &&
      [...this.#unanswered].every((text) => readReport(text).get(shard) === incarnation)
    );
  }
}
