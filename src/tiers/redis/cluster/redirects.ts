import { TierFailure } from '../../../errors.ts';
import { REDIRECTIONS_MAX } from '../../../limits/cluster.ts';
import { withDeadline } from '../../../platform/deadline.ts';
import type { TierContext } from '../../context.ts';
import type { PrimaryEntry } from '../../primary.ts';
import { toTierFailure } from '../connection/failure.ts';
import type { Mutation } from '../connection/mutation.ts';
import type { ClusterMaster } from './cluster-master.ts';
import { Redirection } from './redirection.ts';

export interface RedirectsOptions {
  readonly context: TierContext;
  /** Returns the master that a node has named. */
  readonly find: (redirection: Redirection, asked: ClusterMaster) => ClusterMaster | undefined;
  /** Notes that a slot has another owner than was thought. */
  readonly onMoved: (slot: number, owner: ClusterMaster) => void;
  /** Asks the nodes for the map. */
  readonly refresh: () => Promise<void>;
}

/** The answer of the node that had the key. */
export interface Redirected<T> {
  readonly answer: T;
  /** True if the node is about to take the slot over, and not its owner yet. */
  readonly isAsk: boolean;
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

  read(
    redirection: Redirection,
    asked: ClusterMaster,
    beganAt: number,
    key: string,
  ): Promise<Redirected<PrimaryEntry>> {
    const journey = { beganAt, redirection, asked };
    return this.#follow(journey, (master, isAsk) => master.readRedirected(key, isAsk));
  }

  /**
   * Gives the other node's connection up if that fails: what it holds may be stale then, and the guard of the shard that was asked does
   * not know. After a new connection nothing that it holds is believed unconfirmed.
   */
  async run(redirection: Redirection, asked: ClusterMaster, beganAt: number, mutation: Mutation): Promise<boolean> {
    const journey = { beganAt, redirection, asked };
    try {
      return (await this.#follow(journey, (master, ...more) => master.runRedirected(mutation, ...more))).answer;
    } catch (error) {
      const isSent = journey.asked !== asked && toTierFailure(error).kind !== 'not-sent';
      if (isSent) journey.asked.reject(new TierFailure('ambiguous', 'redirected-call-failed'));
      throw error;
    }
  }

  #follow<T>(journey: Journey, send: Send<T>): Promise<Redirected<T>> {
    const { platform, timeoutMs } = this.#options.context;
    const leftMs = (): number => journey.beganAt + timeoutMs - platform.monotonic();
    const late = (): TierFailure => new TierFailure('ambiguous', 'deadline');
    return withDeadline(platform, Math.max(leftMs(), 0), this.#go(journey, leftMs, send), late);
  }

  async #go<T>(journey: Journey, leftMs: () => number, send: Send<T>): Promise<Redirected<T>> {
    for (let hops = 1; ; hops += 1) {
      const { isAsk } = journey.redirection;
      journey.asked = await this.#masterFor(journey);
      try {
        return { answer: await send(journey.asked, isAsk, leftMs), isAsk };
      } catch (error) {
        if (!(error instanceof Redirection) || hops === REDIRECTIONS_MAX) throw error;
        journey.redirection = error;
      }
    }
  }

  /** A node that is not known yet is asked for, and one that is not connected yet is waited for. */
  async #masterFor({ redirection, asked }: Journey): Promise<ClusterMaster> {
    const { find, refresh, onMoved } = this.#options;
    const known = find(redirection, asked);
    const refreshed = known === undefined || !redirection.isAsk ? refresh() : undefined;
    if (known === undefined) await refreshed;
    const master = known ?? find(redirection, asked);
    if (master === undefined) throw new TierFailure('not-sent', 'unknown-node');
    if (!redirection.isAsk) onMoved(redirection.slot, master);
    if (master.vantage() === null) await master.opening;
    return master;
  }
}
