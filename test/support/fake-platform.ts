import { systemPlatform, type CancelTimer, type Platform } from '../../src/platform/platform.ts';

interface FakeTimer {
  readonly dueAt: number;
  readonly run: () => void;
}

/** Time that moves on command, and the same random numbers in every run. Bytes for secrets stay really random. */
export class FakePlatform implements Platform {
  #now: number;
  #seed: number;
  readonly #timers = new Set<FakeTimer>();

  constructor(startMs: number = Date.UTC(2030, 0, 1), seed = 1) {
    this.#now = startMs;
    this.#seed = seed;
  }

  /** Whole milliseconds, as `Date.now()` has them; timers may be due between two. */
  now(): number {
    return Math.floor(this.#now);
  }

  monotonic(): number {
    return this.#now;
  }

  fillRandom(target: Uint8Array, offset: number, length: number): void {
    systemPlatform.fillRandom(target, offset, length);
  }

  /** mulberry32. */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    // Whole milliseconds, as the wall clock and Node's timers have them.
    const timer = { dueAt: this.#now + Math.ceil(Math.max(delayMs, 0)), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  afterInput(run: () => void): void {
    this.after(0, run);
  }

  /** Moves time while nothing runs: the process is blocked. */
  block(ms: number): void {
    this.#now += ms;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** The timer that is due first, and of those that are due at one time the oldest. */
  #next(): FakeTimer | undefined {
    let next: FakeTimer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueAt < next.dueAt) next = timer;
    return next;
  }

  /** Moves time, running what falls due in order, with everything settled in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (;;) {
      const due = this.#next();
      if (due === undefined || due.dueAt > until) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.dueAt);
      due.run();
      await settled();
    }
    this.#now = until;
    await settled();
  }
}

/** Resolves when every promise that can settle without time or I/O has done so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
