import { setTimeout } from 'node:timers/promises';
import type { Sample } from './recorder.ts';
import type { World } from './world.ts';

/** Enough requests to count, and short enough to wait for. */
const COUNTED_MS = 1_500;
/** Longer than any change takes; a database that was stopped needs the longest. */
const CHANGE_MS = 12_000;
const POLL_MS = 10;

/** Sees what the library does after a button was pressed, until the next one is. */
export class Watch {
  readonly since: number = Date.now();
  readonly #world: World;
  readonly #signal: AbortSignal;

  constructor(world: World, signal: AbortSignal) {
    this.#world = world;
    this.#signal = signal;
  }

  /**
   * Resolves once every node has taken the tier out of use, or uses it again: with the library's own event, or with the
   * health of the nodes where the event is held back because there were many. Undefined if neither comes in time.
   */
  async change(
    tier: 'durable' | 'primary',
    to: 'away' | 'up',
    withinMs: number = CHANGE_MS,
  ): Promise<Change | undefined> {
    let change: Change | undefined;
    await this.until(async () => {
      const states = (await Promise.all(this.#world.nodes.map(({ sessions }) => sessions.health()))).map(
        (all) => all[tier],
      );
      const event = to === 'away' ? this.#event(tier) : undefined;
      const reason = event?.reason ?? states.find(({ state }) => state !== 'up')?.reason;
      const isThere = event !== undefined || states.every(({ state }) => (state === 'up') === (to === 'up'));
      if (isThere) change = { reason, tookMs: (event?.at ?? Date.now()) - this.since };
      return isThere;
    }, withinMs);
    return change;
  }

  /**
   * Returns why a node does not use the tier at this moment; undefined if all do. Needs no event, which is held back where there were many,
   * and misses no trouble that is shorter than a poll.
   */
  async trouble(tier: 'durable' | 'primary'): Promise<string | undefined> {
    const health = await Promise.all(this.#world.nodes.map(({ sessions }) => sessions.health()));
    return health.map((all) => all[tier]).find(({ state }) => state !== 'up')?.reason;
  }

  /** Resolves after so long, or when the next button is pressed. */
  async pause(ms: number = COUNTED_MS): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.#signal }).catch(() => undefined);
  }

  /** Resolves once the condition holds; false if it does not in time. */
  async until(condition: () => Promise<boolean>, withinMs: number = CHANGE_MS): Promise<boolean> {
    const deadline = Date.now() + withinMs;
    while (Date.now() < deadline && !this.#signal.aborted) {
      if (await condition().catch(() => false)) return true;
      await this.pause(POLL_MS);
    }
    return false;
  }

  count(from: number = this.since): Count {
    return countOf(this.#world.recorder.since(from));
  }

  /** The event that the tier is no longer up. */
  #event(tier: string): { readonly at: number; readonly reason: string } | undefined {
    const facts = this.#world.facts.since(this.since).filter(({ channel }) => channel === 'holdfast:tier-change');
    const fact = facts.find(({ message }) => message['tier'] === tier && message['state'] !== 'up');
    return fact && { at: fact.at, reason: String(fact.message['reason']) };
  }
}

/** A change of a tier that every node has noticed. */
export interface Change {
  readonly reason: string | undefined;
  /** Since the button was pressed. */
  readonly tookMs: number;
}

interface Count {
  readonly calls: number;
  readonly failed: number;
  /** Each code of an error once. */
  readonly codes: readonly string[];
  readonly writes: number;
  readonly failedWrites: number;
  readonly redis: number;
  readonly database: number;
  readonly slowestMs: number;
}

function countOf(samples: readonly Sample[]): Count {
  const writes = samples.filter(({ kind }) => kind === 'write');
  const reads = samples.filter(({ kind }) => kind === 'read');
  return {
    calls: samples.length,
    failed: samples.filter(({ failure }) => failure !== undefined).length,
    codes: [...new Set(samples.flatMap(({ failure }) => failure ?? []))],
    writes: writes.length,
    failedWrites: writes.filter(({ failure }) => failure !== undefined).length,
    redis: reads.filter(({ servedBy }) => servedBy === 'primary').length,
    database: reads.filter(({ servedBy }) => servedBy === 'durable').length,
    slowestMs: Math.max(0, ...samples.map(({ ms }) => ms)),
  };
}

/** "3 of 40 calls failed (…)", with the codes of their errors. */
export function failuresOf({ calls, failed, codes }: Pick<Count, 'calls' | 'codes' | 'failed'>): string {
  return `${failed === 0 ? 'none' : failed} of ${calls} calls failed${failed === 0 ? '' : ` (${codes.join(', ')})`}`;
}

export const ms = (value: number): string => `${Math.max(1, Math.round(value))} ms`;

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
