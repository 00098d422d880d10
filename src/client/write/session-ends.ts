import type { Engine, EngineParts } from '../../engine/engine.ts';
import { ConfigurationError, RevocationNotDurableError } from '../../errors.ts';
import { HANDLES_MAX } from '../../limits/durable-tier.ts';
import type { EndedBy } from '../../telemetry/audit.ts';
import type { Tally } from '../../tiering/context.ts';
import { findByHandles } from '../user-sessions.ts';
import type { Named } from '../session-ref.ts';

/** The sessions that a call ends, for the audit stream. */
interface Asked {
  readonly by: EndedBy;
  /** The sessions, where the call names them; null for all of a user, or all. */
  readonly storageKeys: readonly Buffer[] | null;
  readonly userId?: string | undefined;
}

/**
 * Ends the sessions of one client, records who did, and forgets what this process remembers of them. Other processes remember it for up
 * to 30 s.
 */
export class SessionEnds {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** True if the session was alive. */
  async one({ storageKey, living }: Named, by: EndedBy): Promise<boolean> {
    const asked = { by, storageKeys: [storageKey], userId: living?.record.userId };
    try {
      const count = await this.#end(asked, async ({ store }) =>
        Number(await store.destroy(storageKey, living !== undefined)),
      );
      return count > 0;
    } finally {
      this.#engine.memo?.forget(storageKey);
    }
  }

  /** Returns how many were alive. */
  async all(by: EndedBy): Promise<number> {
    try {
      return await this.#end({ by, storageKeys: null }, ({ store }, tally) => store.destroyAll(tally));
    } finally {
      this.#engine.memo?.clear();
    }
  }

  /** Ends a user's sessions but the one with the key `kept`. Returns how many were alive. */
  async ofUser(userId: string, kept: Buffer | null, by: EndedBy): Promise<number> {
    try {
      return await this.#end({ by, storageKeys: null, userId }, ({ codec, store }, tally) =>
        store.destroyByUser(codec.userKeys(userId), kept, tally),
      );
    } finally {
      this.#engine.memo?.clear();
    }
  }

  /** Ends those of a user's sessions that have these handles. Returns how many were alive. */
  async withHandles(userId: string, handles: readonly string[], by: EndedBy): Promise<number> {
    if (handles.length > HANDLES_MAX) throw new ConfigurationError(`handles: expected ${HANDLES_MAX} at most.`);
    const storageKeys = await this.#engine.use(({ codec, store }) =>
      findByHandles(store.listByUser(codec.userKeys(userId)), handles),
    );
    try {
      return await this.#end({ by, storageKeys, userId }, ({ store }, tally) => store.destroyEach(storageKeys, tally));
    } finally {
      for (const storageKey of storageKeys) this.#engine.memo?.forget(storageKey);
    }
  }

  /** Ends sessions, and records them: also those whose end only the primary tier has yet, or after which the call failed. */
  #end(asked: Asked, end: (parts: EngineParts, tally: Tally) => Promise<number>): Promise<number> {
    return this.#engine.use(async (parts) => {
      const tally = { alive: 0 };
      try {
        const count = await end(parts, tally);
        record(parts, asked, count, true);
        return count;
      } catch (error) {
        if (error instanceof RevocationNotDurableError) record(parts, asked, asked.storageKeys?.length ?? 0, false);
        else
          parts.audit.ended({
            by: asked.by,
            storageKey: null,
            userId: asked.userId,
            count: tally.alive,
            durable: true,
          });
        throw error;
      }
    });
  }
}

/** Names each session, unless some of those that were asked for had ended before: nothing says which. */
function record({ audit }: EngineParts, { by, storageKeys, userId }: Asked, count: number, durable: boolean): void {
  if (storageKeys?.length !== count) return audit.ended({ by, storageKey: null, userId, count, durable });
  for (const storageKey of storageKeys) audit.ended({ by, storageKey, userId, count: 1, durable });
}
