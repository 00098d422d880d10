import { TierFailure } from '../../../errors.ts';
import { REDIRECTIONS_MAX } from '../../../limits/cluster.ts';
import { withDeadline } from '../../../platform/deadline.ts';
import type { TierContext } from '../../context.ts';
import type { PrimaryEntry } from '../../primary.ts';
import type { Mutation } from '../connection/mutation.ts';
import type { ClusterMaster } from './cluster-master.ts';
import { Redirection } from './redirection.ts';

export interface RedirectsOptions {
  readonly context: TierContext;
  /** Returns the master that a node has named. */
  readonly find: (redirection: Redirection, asked: ClusterMaster) => ClusterMaster | undefined;
  /** Returns the owner that the map has for a slot that has moved, if that is not the node that was asked. */
  readonly ownerOf: (redirection: Redirection, asked: ClusterMaster) => ClusterMaster | undefined;
  /** Notes that a slot has another owner than was thought. */
  readonly onMoved: (slot: number, owner: ClusterMaster) => void;
  /** Asks the nodes for the map. */
  readonly refresh: () => Promise<void>;
}

type Send<T> = (master: ClusterMaster, isAsk: boolean, leftMs: () => number) => Promise<T>;

/** A call on its way: when it began, and the master that it was sent to last. */
interface Journey {
  readonly beganAt: number;
  redirection: Redirection;
  asked: ClusterMaster;
}

/** Follows the redirections of calls, each within the time that its call has left. `beganAt` is when the call began. */
export class Redirects {
  readonly #options: RedirectsOptions;

  constructor(options: RedirectsOptions) {
    this.#options = options;
  }

  read(redirection: Redirection, asked: ClusterMaster, beganAt: number, key: string): Promise<PrimaryEntry> {
    const journey = { beganAt, redirection, asked };
    return this.#follow(journey, (master, isAsk) => master.readRedirected(key, isAsk));
  }

  /**
   * The node that fails may hold what is stale, and the guard that knows of the failure is that of the shard that was asked. So the primary guard
   * raises the floors of all shards for a write that was lost after its slot had moved, or when the slot moves.
   */
  run(redirection: Redirection, asked: ClusterMaster, beganAt: number, mutation: Mutation): Promise<boolean> {
    const journey = { beganAt, redirection, asked };
    return this.#follow(journey, (master, ...more) => master.runRedirected(mutation, ...more));
  }

  #follow<T>(journey: Journey, send: Send<T>): Promise<T> {
    const { platform, timeoutMs } = this.#options.context;
    const leftMs = (): number => journey.beganAt + timeoutMs - platform.monotonic();
    const late = (): TierFailure => new TierFailure('ambiguous', 'deadline');
    return withDeadline(platform, Math.max(leftMs(), 0), this.#go(journey, leftMs, send), late);
  }

  async #go<T>(journey: Journey, leftMs: () => number, send: Send<T>): Promise<T> {
    for (let hops = 1; ; hops += 1) {
      const { isAsk } = journey.redirection;
      journey.asked = await this.#masterFor(journey);
      try {
        return await send(journey.asked, isAsk, leftMs);
      } catch (error) {
        if (!(error instanceof Redirection) || hops === REDIRECTIONS_MAX) throw error;
        journey.redirection = error;
      }
    }
  }

  /** A node that is not known yet is asked for, and one that is not connected yet is waited for. */
  async #masterFor({ redirection, asked }: Journey): Promise<ClusterMaster> {
    const { find, ownerOf, refresh, onMoved } = this.#options;
    const named = (): ClusterMaster | undefined => {
      const master = find(redirection, asked);
      // A node that names no host (unknown-endpoint, `?`), or one that all share, seems to name itself.
      return master === asked && !redirection.isAsk ? undefined : master;
    };
    let master = named();
    if (master !== undefined && !redirection.isAsk) void refresh();
    // The refresh under way may have begun before the node was known to anybody.
    for (let tries = 0; master === undefined && tries < 2; tries += 1) {
      await refresh();
      master = named() ?? ownerOf(redirection, asked);
    }
    if (master === undefined) throw new TierFailure('not-sent', 'unknown-node');
    if (!redirection.isAsk) onMoved(redirection.slot, master);
    if (master.vantage() === null) await master.opening;
    return master;
  }
}
