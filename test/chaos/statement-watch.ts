import { machineTime } from './clock.ts';
import { STALL_MS, type Stall } from './stalls.ts';

const EVERY_MS = 100;

/** A connection of the harness to a server. */
export interface Watched {
  /** Commits something, and returns how many statements of each node the server runs, if it knows the nodes. */
  ask(): Promise<ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

/** Asks a server, over and over, how many statements of each node it runs; and notes when that, or a commit, took long. */
export class StatementWatch {
  readonly #connect: () => Promise<Watched>;
  readonly #most = new Map<string, number>();
  readonly slow: Stall[] = [];
  #watched: Watched | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(connect: () => Promise<Watched>) {
    this.#connect = connect;
    void this.#sample();
  }

  get most(): ReadonlyMap<string, number> {
    return this.#most;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#watched?.close().catch(() => undefined);
  }

  async #sample(): Promise<void> {
    const from = machineTime();
    try {
      this.#watched ??= await this.#connect();
      const running = await this.#watched.ask();
      const to = machineTime();
      if (to - from > STALL_MS) this.slow.push({ from, to });
      for (const [node, active] of running) this.#most.set(node, Math.max(active, this.#most.get(node) ?? 0));
    } catch {
      // The server is down or frozen, which is what this run is about.
      void this.#watched?.close().catch(() => undefined);
      this.#watched = undefined;
    }
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#sample(), EVERY_MS);
  }
}
