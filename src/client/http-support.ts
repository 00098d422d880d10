import type { KeyObject } from 'node:crypto';
import type { Engine } from '../engine/engine.ts';
import type { Platform } from '../platform/platform.ts';
import type { Calls } from './calls.ts';
import { resolveCreateOptions, type CreateOptions } from './options/call-options.ts';
import type { ResolvedLifetime } from './options/lifetime-options.ts';
import { requireNamed, stillLiving } from './session-ref.ts';
import type { Session } from './session.ts';
import { requireChange, type Change } from './write/session-writer.ts';
import type { SessionWrites } from './write/session-writes.ts';

/** The parts of a client that serve HTTP. */
export interface HttpSupportParts<T> {
  readonly engine: Engine;
  readonly writes: SessionWrites<T>;
  readonly lifetime: ResolvedLifetime;
  readonly calls: Calls;
}

/** Offers what the layers for HTTP need of a client beside its public methods. */
export class HttpSupport<T, Input> {
  readonly platform: Platform;
  readonly #engine: Engine;
  readonly #writes: SessionWrites<T>;
  readonly #lifetime: ResolvedLifetime;
  readonly #calls: Calls;

  constructor({ engine, writes, lifetime, calls }: HttpSupportParts<T>) {
    this.platform = engine.platform;
    this.#engine = engine;
    this.#writes = writes;
    this.#lifetime = lifetime;
    this.#calls = calls;
  }

  /** Opens the client if need be, and returns the keys that authenticate cookies: the first signs, any verifies. */
  cookieKeys(): Promise<readonly KeyObject[]> {
    return this.#engine.use(async ({ codec }) => codec.cookieKeys);
  }

  /** Creates a session with what `change` makes of `initial`: its draft goes through the schema, as that of `update` does. */
  async begin(initial: Input, change: Change<T, Input>, options: CreateOptions): Promise<Session<T>> {
    requireChange(change);
    const creation = resolveCreateOptions(options, this.#lifetime);
    return this.#calls.run('create', () => this.#writes.begin(initial, change, creation));
  }

  /** Records a cookie whose MAC is wrong, on the audit stream. */
  refusedCookie(): void {
    this.#engine.audit.refusedCookie();
  }

  /** Moves the idle deadline of a session in hand as `get` does, without I/O and without waiting. */
  slide(session: Session<T>): Promise<void> {
    const named = requireNamed('slide', session);
    return this.#engine.use(async ({ store, platform }) => {
      const living = stillLiving(named, platform.now());
      if (living !== undefined) store.slide(living);
    });
  }
}
