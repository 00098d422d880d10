import type { RingInUse } from '../keys/ring/ring-in-use.ts';
import { NODE_FAREWELL_MS, NODE_FENCE_MS, NODE_FORGOTTEN_MS, NODE_ID_BYTES } from '../limits/fleet.ts';
import { withDeadline } from '../platform/deadline.ts';
import { elapsedSince, NEVER, presentMoment, type Moment } from '../platform/moment.ts';
import { randomBytes, type Platform } from '../platform/platform.ts';
import { SingleFlight } from '../platform/single-flight.ts';
import type { Fleet, RingMark } from '../tiers/durable.ts';
import { nodeNameOf } from './fleet.ts';
import { markOf, standingOf } from './ring-standing.ts';

/** The report that a heartbeat carries beside the ring. */
export interface HeartbeatReport {
  /** Returns the text for a heartbeat that is sent now. */
  send(): string;
  /** Notes that the heartbeat was answered which was sent with this text, at this moment. */
  answered(text: string, sentAt: Moment): void;
}

/** The parts that a membership works with. */
export interface MembershipOptions {
  readonly platform: Platform;
  readonly fleet: Fleet;
  readonly ringInUse: RingInUse;
  readonly report: HeartbeatReport;
}

/**
 * The membership of one node in its fleet, from the start of its client to the end: sends its heartbeats, and knows whether
 * the fleet has received one lately. A node that starts again is another one.
 */
export class Membership {
  readonly #platform: Platform;
  readonly #fleet: Fleet;
  readonly #ringInUse: RingInUse;
  readonly #report: HeartbeatReport;
  readonly #nodeId: Buffer;
  readonly #beats = new SingleFlight<void>();
  #lastBeat: Promise<void> = Promise.resolve();
  /** The moment when the last heartbeat was sent that was answered. */
  #beatenAt = NEVER;
  #highest: RingMark | undefined;
  #hasJoined = false;
  #beatCount = 0;
  #hasLeft = false;

  constructor({ platform, fleet, ringInUse, report }: MembershipOptions) {
    this.#platform = platform;
    this.#fleet = fleet;
    this.#ringInUse = ringInUse;
    this.#report = report;
    this.#nodeId = randomBytes(platform, NODE_ID_BYTES);
  }

  /** The name of this node in messages. */
  get nodeName(): string {
    return nodeNameOf(this.#nodeId);
  }

  /** True if others may count this node as dead, and retire a key that it seals with: it has to `beat` before it seals. */
  get isFenced(): boolean {
    return elapsedSince(this.#platform, this.#beatenAt) > NODE_FENCE_MS;
  }

  /** True if some node is known to use a higher ring than this one, or another ring of the same version. */
  get isBehind(): boolean {
    return this.#highest !== undefined && standingOf(markOf(this.#ringInUse.ring), this.#highest) !== 'same';
  }

  /** True if some node is known to use a ring of a higher version. */
  get isOvertaken(): boolean {
    return this.highestVersion > this.#ringInUse.ring.version;
  }

  /** The highest version that any node is known to use; 0 before the first heartbeat. */
  get highestVersion(): number {
    return this.#highest?.version ?? 0;
  }

  /**
   * Records that the ring is about to be used. Returns the highest ring of the fleet, which is this one if nothing speaks
   * against it.
   */
  raiseRing(ring: RingMark): Promise<RingMark> {
    return this.#fleet.raiseRing(ring);
  }

  /** Fences this node until the next heartbeat: it adopted its ring while the fleet could not be asked. */
  fence(): void {
    this.#beatenAt = NEVER;
  }

  /**
   * Reports that this node is alive and which ring it uses, and learns the highest ring of the fleet. Callers at one time share a
   * heartbeat, unless it has been sent: that one may carry the ring from before.
   */
  beat(): Promise<void> {
    this.#lastBeat = this.#beats.run('', (onSend) => {
      onSend();
      return this.#beat();
    });
    return this.#lastBeat;
  }

  /** Deletes the rows of nodes that died long ago without leaving. */
  async forgetTheDead(): Promise<void> {
    const { now, nodes } = await this.#fleet.read();
    const before = now - NODE_FORGOTTEN_MS;
    if (nodes.some(({ seenAt }) => seenAt < before)) await this.#fleet.forget(before);
  }

  /** Does not wait long for a durable tier that is away; the node then counts as alive for a minute more. */
  async leave(): Promise<void> {
    this.#hasLeft = true;
    if (!this.#hasJoined) return;
    // A heartbeat that arrived after it would bring the node back.
    const farewell = this.#lastBeat.catch(() => undefined).then(() => this.#fleet.forget(this.#nodeId));
    const late = (): Error => new Error('not forgotten in time');
    await withDeadline(this.#platform, NODE_FAREWELL_MS, farewell, late).catch(() => undefined);
  }

  async #beat(): Promise<void> {
    if (this.#hasLeft) return;
    const { ring } = this.#ringInUse;
    const mark = markOf(ring);
    const sentAt = presentMoment(this.#platform);
    const wasFenced = this.isFenced;
    this.#hasJoined = true;
    this.#beatCount += 1;
    const masters = this.#report.send();
    await this.#fleet.heartbeat({ nodeId: this.#nodeId, beat: this.#beatCount, ringVersion: ring.version, masters });
    this.#report.answered(masters, sentAt);
    // Only after the heartbeat: from then on no key of this ring is retired, so the highest ring that is read now stays good enough.
    this.#highest = await this.#fleet.raiseRing(mark);
    const isHighest = standingOf(mark, this.#highest) === 'same';
    // A node that was never fenced may seal with an older ring for a while, because the fleet waits for it.
    if (this.#ringInUse.ring === ring && (isHighest || !wasFenced)) this.#beatenAt = sentAt;
  }
}
