import { TierUnavailableError } from '../../errors.ts';
import type { PrimaryEntry } from '../../tiers/primary.ts';
import type { LivingSession, TieringContext } from '../context.ts';
import { UNREACHED, type Unreached } from '../guard/unreached.ts';
import { slide } from '../write/touch-path.ts';
import { serveAlone } from './alone.ts';
import { confirm } from './confirm.ts';
import { sessionOf, worthOf, type Copy, type ReadOptions } from './copy.ts';
import { decide, type Failed, type Feed, type Lack, type Unconfirmed, type Worth } from './decide.ts';
import { readDurable } from './durable-read.ts';
import { fill } from './fill.ts';
import { tryOpen } from './open-envelope.ts';

/** Null: there is no such session. */
type Answer = LivingSession | null;

/**
 * The read path: `decide` names the next step, and each step has a file. "No such session" is said by the durable tier, by
 * a tombstone, or by an absolute deadline inside an envelope that opened; everything else that is not an answer throws.
 */
export class ReadPath {
  readonly #context: TieringContext;

  constructor(context: TieringContext) {
    this.#context = context;
  }

  /** Reads the primary tier; where it is slow, the durable tier may answer first. */
  read(storageKey: Buffer, options: ReadOptions): Promise<Answer> {
    return this.#context.primary.readHedged(
      storageKey,
      (entry) => this.#follow(storageKey, entry, options, 'begun'),
      () => this.readDurable(storageKey, options),
    );
  }

  readDurable(storageKey: Buffer, options: ReadOptions): Promise<Answer> {
    return readDurable(this.#context, storageKey, options);
  }

  #follow(
    storageKey: Buffer,
    entry: PrimaryEntry | Unreached,
    options: ReadOptions,
    progress: Unconfirmed,
  ): Answer | Promise<Answer> {
    const value = entry !== UNREACHED && entry.kind === 'value' ? entry : null;
    const record = value && tryOpen(this.#context, storageKey, value);
    if (value !== null && record !== null) return this.#followCopy({ storageKey, value, record, options }, progress);
    const step = decide(lackOf(entry));
    switch (step) {
      case 'gone':
        return null;
      case 'fill':
        return fill(this.#context, storageKey, value, options);
      case 'bypass':
        return this.readDurable(storageKey, options);
      default:
        return step satisfies never;
    }
  }

  /** Returns no promise for a copy that is served, as most are. */
  #followCopy(copy: Copy, progress: Unconfirmed): Answer | Promise<Answer> {
    const step = decide(this.#worthOf(copy), this.#feed(copy.storageKey), progress);
    switch (step) {
      case 'gone':
        return null;
      case 'serve':
        return copy.options.touch ? slide(this.#context, sessionOf(copy)) : sessionOf(copy);
      case 'wait':
        return this.#waitForFeed(copy);
      case 'confirm':
        return this.#confirm(copy);
      default:
        return step satisfies never;
    }
  }

  #followFailure(copy: Copy, failed: Failed, error: TierUnavailableError): Answer {
    const step = decide(this.#worthOf(copy), this.#feed(copy.storageKey), failed);
    switch (step) {
      case 'gone':
        return null;
      case 'alone':
        return serveAlone(this.#context, copy);
      case 'fail':
        throw error;
      default:
        return step satisfies never;
    }
  }

  /** Waits for the feed, which alone is late. Never serves the copy that it has, since the feed may just have taken it away. */
  async #waitForFeed(copy: Copy): Promise<Answer> {
    const { primary, feed } = this.#context;
    const { storageKey, options } = copy;
    if (!(await feed.becomesFresh(storageKey))) return this.#confirm(copy);
    return this.#follow(storageKey, await primary.read(storageKey), options, 'waited');
  }

  async #confirm(copy: Copy): Promise<Answer> {
    const { primary } = this.#context;
    try {
      return await confirm(this.#context, copy);
    } catch (error) {
      if (!(error instanceof TierUnavailableError)) throw error;
      const { storageKey } = copy;
      if (decide(this.#worthOf(copy), this.#feed(storageKey), this.#failure()) === 'fail') throw error;
      // The server may have become another while the durable tier was waited for. A second decision follows: time has passed.
      if (!(await primary.isConfirmed(storageKey))) throw error;
      return this.#followFailure(copy, this.#failure(), error);
    }
  }

  #worthOf(copy: Copy): Worth {
    const { platform, primary } = this.#context;
    return worthOf(copy, primary.trustIn(copy.storageKey, copy.value.stamp), platform.now());
  }

  #feed(storageKey: Buffer): Feed {
    return this.#context.feed.isFreshFor(storageKey) ? 'fresh' : 'late';
  }

  #failure(): Failed {
    const { feed, durable, durableOutageReadsMs } = this.#context;
    if (feed.freshness.lateMs > durableOutageReadsMs) return 'failed-long';
    return durable.state === 'down' ? 'failed-down' : 'failed';
  }
}

function lackOf(entry: PrimaryEntry | Unreached): Lack {
  if (entry === UNREACHED) return 'unreached';
  return entry.kind === 'value' ? 'unreadable' : entry.kind;
}
