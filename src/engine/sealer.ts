import type { Codec } from '../codec/codec.ts';
import { idleDeadline } from '../session/lifetime.ts';
import type { SealedRecord } from '../session/sealed-record.ts';
import type { SessionRecord } from '../session/session-record.ts';
import type { KeyKeeper } from './key-keeper.ts';

/** Turns a record into what the tiers store: the sealed envelope, and beside it a blind index of the user and the deadlines in clear. */
export class Sealer {
  readonly #keeper: KeyKeeper;
  readonly #codec: Codec;

  constructor(keeper: KeyKeeper, codec: Codec) {
    this.#keeper = keeper;
    this.#codec = codec;
  }

  /** Seals with the active key. Rejects where this node must not seal with its ring any more, and with what `Codec.seal` throws. */
  async seal(storageKey: Buffer, record: SessionRecord, lastSeenAt: number): Promise<SealedRecord> {
    if (!this.#keeper.maySeal) await this.#keeper.rejoin();
    const { createdAt, absoluteExpiresAt, idleLifetimeMs, revision, userId } = record;
    const envelope = this.#codec.seal(storageKey, record);
    return {
      storageKey,
      userKey: userId === undefined ? null : this.#codec.userKey(userId),
      revision,
      envelope,
      keyId: this.#codec.keyIdOf(envelope),
      createdAt,
      lastSeenAt,
      idleLifetimeMs,
      idleExpiresAt: idleDeadline(lastSeenAt, idleLifetimeMs, absoluteExpiresAt),
      absoluteExpiresAt,
    };
  }
}
