import type { Engine } from '../../engine/engine.ts';
import { ConfigurationError } from '../../errors.ts';
import { HANDLES_MAX } from '../../limits/durable-tier.ts';
import { findByHandles } from '../user-sessions.ts';
import type { Named } from '../session-ref.ts';

/** Ends the sessions of one client, and forgets what this process remembers of them. Other processes remember it for up to 30 s. */
export class SessionEnds {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** True if the session was alive. */
  async one({ storageKey, living }: Named): Promise<boolean> {
    try {
      return await this.#engine.use(({ store }) => store.destroy(storageKey, living !== undefined));
    } finally {
      this.#engine.memo?.forget(storageKey);
    }
  }

  /** Returns how many were alive. */
  async all(): Promise<number> {
    try {
      return await this.#engine.use(({ store }) => store.destroyAll());
    } finally {
      this.#engine.memo?.clear();
    }
  }

  /** Ends a user's sessions but the one with the key `kept`. Returns how many were alive. */
  async ofUser(userId: string, kept: Buffer | null): Promise<number> {
    try {
      return await this.#engine.use(({ codec, store }) => store.destroyByUser(codec.userKeys(userId), kept));
    } finally {
      this.#engine.memo?.clear();
    }
  }

  /** Ends those of a user's sessions that have these handles. Returns how many were alive. */
  async withHandles(userId: string, handles: readonly string[]): Promise<number> {
    if (handles.length > HANDLES_MAX) throw new ConfigurationError(`handles: expected ${HANDLES_MAX} at most.`);
    const storageKeys = await this.#engine.use(({ codec, store }) =>
      findByHandles(store.listByUser(codec.userKeys(userId)), handles),
    );
    try {
      return await this.#engine.use(({ store }) => store.destroyEach(storageKeys));
    } finally {
      for (const storageKey of storageKeys) this.#engine.memo?.forget(storageKey);
    }
  }
}
