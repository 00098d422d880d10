import { MAP_REFRESH_GAP_MS, MAP_REFRESH_MS } from '../../../limits/cluster.ts';
import { delay, type CancelTimer, type Platform } from '../../../platform/platform.ts';

/** Runs `refresh` each second and when asked to: one at a time, and not more often than `MAP_REFRESH_GAP_MS` allows. */
export class MapRefresh {
  readonly #platform: Platform;
  readonly #refresh: () => Promise<void>;
  #running: Promise<void> | undefined;
  #beganAt = Number.NEGATIVE_INFINITY;
  #cancel: CancelTimer = () => {};
  #isStopped = false;

  /** `refresh` does not reject. */
  constructor(platform: Platform, refresh: () => Promise<void>) {
    this.#platform = platform;
    this.#refresh = refresh;
  }

  /** Refreshes each second from now on. */
  start(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#platform.after(MAP_REFRESH_MS, () => void this.now().then(() => this.start()), 'background');
  }

  /** Refreshes, or waits for the refresh that is about to begin or under way. */
  now(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #run(): Promise<void> {
    const waitMs = this.#beganAt + MAP_REFRESH_GAP_MS - this.#platform.monotonic();
    if (waitMs > 0) await delay(this.#platform, waitMs);
    if (this.#isStopped) return;
    this.#beganAt = this.#platform.monotonic();
    await this.#refresh();
  }
}
