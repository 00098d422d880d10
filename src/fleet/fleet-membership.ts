import type { KeyRing } from '../keys/ring/key-ring.ts';
import { NODE_FAREWELL_MS, NODE_FENCE_MS, NODE_FORGOTTEN_MS, NODE_ID_BYTES } from '../limits/fleet.ts';
import { nodeNameOf } from './fleet.ts';
import { elapsedSince, NEVER, presentMoment } from '../platform/moment.ts';
import { randomBytes, type Platform } from '../platform/platform.ts';
import { withDeadline } from '../platform/deadline.ts';
import { SingleFlight } from '../platform/single-flight.ts';
import type { Fleet } from '../tiers/durable.ts';
import type { RingMark } from '../tiers/durable.ts';
import { markOf, standingOf } from './ring-standing.ts';

export interface FleetMembershipOptions {
  readonly platform: Platform;
  readonly fleet: Fleet;
  /** The ring that this node seals with now. */
  readonly ringInUse: () => KeyRing;
  /** The fleet uses another ring than this node. */
  readonly onOtherRing: () => void;
}

/** One life of one client among the nodes of its fleet: its heartbeats, and whether the fleet has heard of it lately. */
export class FleetMembership {
  readonly #options: FleetMembershipOptions;
  readonly #nodeId: Buffer;
  readonly #telling = new SingleFlight<void>();
  #lastTold: Promise<void> = Promise.resolve();
  /** When the last heartbeat that was answered had been sent. */
  #toldAt = NEVER;
  #highest: RingMark | undefined;
  #hasJoined = false;
  #hasLeft = false;

  constructor(options: FleetMembershipOptions) {
    this.#options = options;
    this.#nodeId = randomBytes(options.platform, NODE_ID_BYTES);
  }

  /** How messages name this node. */
  get nodeName(): string {
    return nodeNameOf(this.#nodeId);
  }

  /** Others may count this node as dead, and a key that it seals with may be retired: it has to `tell` before it seals. */
  get isFenced(): boolean {
    return elapsedSince(this.#options.platform, this.#toldAt) > NODE_FENCE_MS;
  }

  /** Whether somebody is known to use a higher ring than this node, or another one of its version. */
  get isBehind(): boolean {
    return this.#highest !== undefined && standingOf(markOf(this.#options.ringInUse()), this.#highest) !== 'same';
  }

  /** Whether somebody is known to use a ring of a higher version. */
  get isOvertaken(): boolean {
    return this.#highest !== undefined && this.#highest.version > this.#options.ringInUse().version;
  }

  /** The highest version that the fleet was heard to use; 0 before it was asked. */
  get highestVersion(): number {
    return this.#highest?.version ?? 0;
  }

  /** Records that the ring is about to be used. The highest ring of the fleet, which is this one if nothing speaks against it. */
  claim(ring: RingMark): Promise<RingMark> {
    return this.#options.fleet.raiseRing(ring);
  }

  /** The ring in use was adopted while the fleet could not be asked: nothing is sealed with it before it is. */
  expire(): void {
    this.#toldAt = NEVER;
  }

  /** Says that this node is alive, and with which ring. One that is already under way may carry the ring from before. */
  tell(): Promise<void> {
    this.#lastTold = this.#telling.run('', (onSend) => {
      onSend();
      return this.#tell();
    });
    return this.#lastTold;
  }

  /** Nodes that died long ago without a word. */
  async forgetTheDead(): Promise<void> {
    const { fleet } = this.#options;
    const { now, nodes } = await fleet.read();
    const before = now - NODE_FORGOTTEN_MS;
    if (nodes.some(({ seenAt }) => seenAt < before)) await fleet.forget(before);
  }

  /** Does not wait long for a durable tier that is away; the node then counts as alive for a minute more. */
  async leave(): Promise<void> {
    this.#hasLeft = true;
    if (!this.#hasJoined) return;
    const { platform, fleet } = this.#options;
    // A heartbeat that arrived after it would bring the node back.
    const farewell = this.#lastTold.catch(() => undefined).then(() => fleet.forget(this.#nodeId));
    const late = (): Error => new Error('not forgotten in time');
    await withDeadline(platform, NODE_FAREWELL_MS, farewell, late).catch(() => undefined);
  }

  async #tell(): Promise<void> {
    if (this.#hasLeft) return;
    const { platform, fleet, ringInUse, onOtherRing } = this.#options;
    const ring = ringInUse();
    const mark = markOf(ring);
    const sentAt = presentMoment(platform);
    const wasFenced = this.isFenced;
    this.#hasJoined = true;
    await fleet.heartbeat({ nodeId: this.#nodeId, ringVersion: ring.version });
    // Only after the heartbeat: from then on no key of this ring is retired, so what the fleet says now stays good enough.
    this.#highest = await fleet.raiseRing(mark);
    const isHighest = standingOf(mark, this.#highest) === 'same';
    // A node that was never lost may seal with an older ring for a while, for the fleet waits for it.
    if (ringInUse() === ring && (isHighest || !wasFenced)) this.#toldAt = sentAt;
    if (!isHighest) onOtherRing();
  }
}
