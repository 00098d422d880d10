import type { Platform } from '../../../platform/platform.ts';
import { CLUSTER_TIME_STEP_MS, SERVER_READING_MS } from '../../../limits/database-cluster.ts';

/** The times of a cluster of databases, as one statement showed them, in milliseconds. */
export interface TimeReading {
  /** Names the server that executed the statement. */
  readonly server: string;
  /** The server's own clock, which may be wrong by any amount. */
  readonly wall: number;
  /** The time that the cluster has committed; null before the first. */
  readonly committed: number | null;
}

interface ServerReading {
  readonly wall: number;
  readonly at: number;
}

/**
 * The time of a database that has several servers, whose clocks need not agree. The servers commit it: a row holds the latest time that
 * any client has written there. Each client takes what it reads, adds what its monotonic clock has counted since, and writes the row anew
 * when that is a second old. So the time never runs faster than a true clock and never goes back, and two clients differ by some seconds at
 * most, which the overlap of the dirty feed covers. It stops while no client runs, and the next one sets it forward.
 *
 * The deadline of a write has to be compared at the server that executes it, by a clock that goes on while the statement is on its way.
 * That is the server's own, corrected by how far it was from this time when it was read last.
 */
export class ClusterTime {
  readonly #platform: Platform;
  readonly #servers = new Map<string, ServerReading>();
  #base: { readonly time: number; readonly at: number } | undefined;
  #committed = 0;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Takes what a statement has just answered. */
  take({ server, wall, committed }: TimeReading): void {
    const at = this.#platform.monotonic();
    this.#servers.set(server, { wall, at });
    this.#committed = committed ?? 0;
    if (committed !== null && committed > this.#timeAt(at)) this.#base = { time: committed, at };
  }

  /** False until a reading has shown a committed time. */
  get hasBegun(): boolean {
    return this.#base !== undefined;
  }

  /** The client's own clock, for a cluster whose time has to begin, or has stopped while no client ran. */
  get wall(): number {
    return Math.floor(this.#platform.now());
  }

  /** The present time, in whole milliseconds. */
  now(): number {
    return Math.floor(this.#timeAt(this.#platform.monotonic()));
  }

  /** True if the committed time is so old that it is to be written anew. */
  get isBehind(): boolean {
    return this.hasBegun && this.now() - this.#committed >= CLUSTER_TIME_STEP_MS;
  }

  /** Returns, as a JSON object, what has to be added to the clock of each server that was read lately. */
  offsets(): string {
    const now = this.#platform.monotonic();
    for (const [server, { at }] of this.#servers) if (now - at > SERVER_READING_MS) this.#servers.delete(server);
    const entries = [...this.#servers].map(([server, { wall, at }]) => [server, Math.ceil(this.#timeAt(at)) - wall]);
    return JSON.stringify(Object.fromEntries(entries));
  }

  #timeAt(monotonic: number): number {
    return this.#base === undefined ? 0 : this.#base.time + (monotonic - this.#base.at);
  }
}
