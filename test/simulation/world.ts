import type { CancelTimer, Platform } from '../../src/platform/platform.ts';
import { Random } from './random.ts';

interface Event {
  readonly at: number;
  readonly sequence: number;
  run: (() => void) | null;
}

/** Midnight of 1 January 2030, which is when every simulation begins. */
export const EPOCH_MS = Date.UTC(2030, 0, 1);

/** A run has thousands of events in all. */
const EVENTS_OF_A_MOMENT_MAX = 100_000;

/**
 * Time and chance of one simulation. Everything that happens is an event in one queue; everything that may come out one
 * way or the other is drawn from one seed. Two runs of the same seed are the same run.
 */
export class World {
  readonly random: Random;
  readonly #isTraced: boolean;
  readonly #queue: Event[] = [];
  readonly trace: string[] = [];
  #now = 0;
  #sequence = 0;
  /** Events since time went on. */
  #moments = 0;

  constructor(seed: number, isTraced = false) {
    this.random = new Random(seed);
    this.#isTraced = isTraced;
  }

  /** Milliseconds since the simulation began, with fractions. */
  get now(): number {
    return this.#now;
  }

  note(describe: () => string): void {
    if (this.#isTraced) this.trace.push(`${this.#now.toFixed(2).padStart(10)}  ${describe()}`);
  }

  at(delayMs: number, run: () => void): CancelTimer {
    const event: Event = { at: this.#now + Math.max(delayMs, 0), sequence: this.#sequence, run };
    this.#sequence += 1;
    this.#push(event);
    return () => {
      event.run = null;
    };
  }

  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.at(delayMs, resolve));
  }

  /** Runs one event after another, with every promise settled in between, until there are none, it is late, or `isOver`. */
  run(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          if (isOver()) return resolve();
          let event = this.#queue[0];
          while (event !== undefined && event.run === null) {
            this.#pop();
            event = this.#queue[0];
          }
          if (event === undefined || event.at > untilMs) return resolve();
          this.#pop();
          this.#moments = event.at === this.#now ? this.#moments + 1 : 0;
          if (this.#moments > EVENTS_OF_A_MOMENT_MAX)
            throw new Error('Time does not go on: somebody is waiting for nothing.');
          this.#now = event.at;
          event.run?.();
          setImmediate(step);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      setImmediate(step);
    });
  }

  #push(event: Event): void {
    const queue = this.#queue;
    let at = queue.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(queue[parent]!, event)) break;
      queue[at] = queue[parent]!;
      at = parent;
    }
    queue[at] = event;
  }

  #pop(): void {
    const queue = this.#queue;
    const last = queue.pop()!;
    if (queue.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= queue.length) break;
      if (child + 1 < queue.length && isBefore(queue[child + 1]!, queue[child]!)) child += 1;
      if (isBefore(last, queue[child]!)) break;
      queue[at] = queue[child]!;
      at = child;
    }
    queue[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at === b.at ? a.sequence < b.sequence : a.at < b.at;
}

/** Quartz is wrong by this much at most: 0.2 ms a second. */
const DRIFT_MAX = 2e-4;

/** A wall clock in the world: wrong by `offsetMs`, running a little too fast or too slow, and set anew now and then. */
export class Clock {
  readonly #world: World;
  readonly #drift: number;
  #offsetMs: number;
  #setAt = 0;
  /** While it is set, what the clock shows. */
  stopped: number | null = null;

  constructor(world: World, offsetMs: number) {
    this.#world = world;
    this.#offsetMs = offsetMs;
    this.#drift = world.random.between(-DRIFT_MAX, DRIFT_MAX);
  }

  now(): number {
    const { now } = this.#world;
    return this.stopped ?? Math.floor(EPOCH_MS + now + this.#offsetMs + this.#drift * (now - this.#setAt));
  }

  /** Another clock that differs from this one by `byMs`. */
  beside(byMs: number): Clock {
    return new Clock(this.#world, this.#offsetMs + byMs);
  }

  /** Jumps to being wrong by `offsetMs`. */
  set(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    this.#setAt = this.#world.now;
  }

  /** Jumps by this much, from wherever it stands. */
  jump(byMs: number): void {
    this.#offsetMs += byMs;
  }

  /** The platform of a server, which has no timers. */
  asPlatform(): Platform {
    const refuse = (): never => {
      throw new Error('A simulated server has a clock and nothing else.');
    };
    return {
      now: () => this.now(),
      monotonic: refuse,
      fillRandom: refuse,
      random: refuse,
      after: refuse,
      afterInput: refuse,
    };
  }
}

/** When the world's `now` is this wall-clock time for a clock that is right. */
export function toWorldTime(wallMs: number): number {
  return wallMs - EPOCH_MS;
}

/** A process: it may be blocked for a while, and die, after which nothing in it runs again. */
export class Process implements Platform {
  readonly name: string;
  readonly #world: World;
  readonly clock: Clock;
  readonly #random: Random;
  readonly #bornAt: number;
  #isAlive = true;
  #resumesAt = 0;
  /** The time that the monotonic clock has missed, and the moment since which it is stopped. */
  #sleptMs = 0;
  #asleepSince = Infinity;
  /** The events that came while it was blocked. */
  readonly #held: (() => void)[] = [];

  constructor(world: World, name: string, skewMs: number) {
    this.name = name;
    this.#world = world;
    this.clock = new Clock(world, skewMs);
    this.#random = world.random.fork();
    this.#bornAt = world.now;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#resumesAt > this.#world.now;
  }

  crash(): void {
    this.#isAlive = false;
  }

  block(forMs: number): void {
    this.#resumesAt = Math.max(this.#resumesAt, this.#world.now + forMs);
  }

  /** The machine sleeps: as `block`, but timers and the monotonic clock do not notice, and the wall clock goes on. */
  suspend(forMs: number): void {
    if (this.#asleepSince !== Infinity) return;
    this.#asleepSince = this.#world.now;
    this.block(forMs);
    this.#world.at(forMs, () => {
      this.#asleepSince = Infinity;
      this.#sleptMs += forMs;
    });
  }

  /** Runs it in this process: now, or when it goes on, or never. */
  deliver(run: () => void): void {
    if (!this.#isAlive) return;
    if (!this.isPaused) return run();
    this.#held.push(run);
    if (this.#held.length === 1) this.#resumeLater();
  }

  /** In the order in which it came. */
  #resumeLater(): void {
    this.#world.at(this.#resumesAt - this.#world.now, () => {
      if (this.isPaused) return this.#resumeLater();
      for (const run of this.#held.splice(0)) this.#world.at(0, () => this.deliver(run));
    });
  }

  now(): number {
    return this.clock.now();
  }

  monotonic(): number {
    return Math.min(this.#world.now, this.#asleepSince) - this.#bornAt - this.#sleptMs;
  }

  fillRandom(target: Uint8Array, offset: number, length: number): void {
    this.#random.fill(target, offset, length);
  }

  random(): number {
    return this.#random.unit();
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    // Node's shortest timer. One that waits for less might not move the world's time.
    const waitMs = Math.max(delayMs, 1);
    const dueAt = this.monotonic() + waitMs;
    let { sleptMs, isCancelled } = { sleptMs: this.#sleptMs, isCancelled: false };
    const wait = (ms: number): CancelTimer =>
      this.#world.at(ms, () =>
        this.deliver(() => {
          if (isCancelled) return;
          if (sleptMs === this.#sleptMs) return callback();
          sleptMs = this.#sleptMs;
          cancel = wait(dueAt - this.monotonic());
        }),
      );
    let cancel = wait(waitMs);
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  afterInput(callback: () => void): void {
    this.#world.at(0, () => this.deliver(callback));
  }
}
