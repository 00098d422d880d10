import type { KeyObject } from 'node:crypto';
import { ConfigurationError, EnvelopeError, KeyRingError, PayloadError } from '../errors.ts';
import type { KeyRing } from '../keys/ring/key-ring.ts';
import type { RingInUse } from '../keys/ring/ring-in-use.ts';
import {
  CLOCK_SKEW_MS,
  DEADLINE_TOLERANCE_FACTOR,
  LINEAGE_KEYS_MAX,
  PAYLOAD_BYTES_MAX,
  PAYLOAD_BYTES_MIN,
  SERIALIZER_ID_MAX,
  SERIALIZER_ID_MIN,
} from '../limits/session.ts';
import type { Platform } from '../platform/platform.ts';
import { includesKey, sealedBy, withoutKey, type Lineage } from '../session/lineage.ts';
import { envelopeTag } from '../session/sealed-record.ts';
import type { SessionRecord } from '../session/session-record.ts';
import { AdditionalData } from './additional-data.ts';
import { BlindIndex } from './blind-index.ts';
import { cookieKeyOf } from './cookie-key.ts';
import { openEnvelope, readEnvelopeHeader, sealEnvelope } from './envelope.ts';
import type { Memo } from './memo.ts';
import { messageKeysOf } from './message-keys.ts';
import { decodeRecord, encodeRecord } from './record-format.ts';
import { jsonSerializer } from './serializer.ts';

export interface CodecOptions {
  readonly ringInUse: RingInUse;
  /** A part of every envelope's additional data, and of every user key. */
  readonly namespace: string;
  readonly platform: Platform;
  /** The most bytes of data that are sealed. An envelope that was sealed under a larger limit still opens. */
  readonly maxPayloadBytes: number;
  /**
   * The longest lifetime that clients give. An envelope that would live for more than twice as long from now does not
   * open. @defaultValue no bound
   */
  readonly maxLifetimeMs?: number;
  /** The `id` of the serializer that writes and reads `SessionRecord.data`. @defaultValue 1, JSON */
  readonly serializerId?: number;
  /** The memo of `openRemembered`; without one, each call opens the envelope. */
  readonly memo?: Memo | undefined;
}

/** Seals and opens envelopes. It is synchronous, and the only place where session data meets a key. */
export class Codec {
  readonly #ringInUse: RingInUse;
  /** The cookie keys of the ring, from the first time that they are asked for. */
  #cookieKeys: readonly KeyObject[] | undefined;
  readonly #namespace: string;
  readonly #blindIndex: BlindIndex;
  readonly #additionalData: AdditionalData;
  readonly #platform: Platform;
  readonly #maxPayloadBytes: number;
  readonly #remainingMsMax: number;
  readonly #serializerId: number;
  readonly #memo: Memo | undefined;

  constructor(options: CodecOptions) {
    const { ringInUse, namespace, platform, maxPayloadBytes, serializerId = jsonSerializer.id } = options;
    checkInteger(maxPayloadBytes, PAYLOAD_BYTES_MIN, PAYLOAD_BYTES_MAX, 'maxPayloadBytes');
    checkInteger(serializerId, SERIALIZER_ID_MIN, SERIALIZER_ID_MAX, 'The id of a serializer');
    this.#ringInUse = ringInUse;
    this.#namespace = namespace;
    this.#blindIndex = new BlindIndex(namespace);
    this.#additionalData = new AdditionalData(namespace);
    this.#platform = platform;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#remainingMsMax = (options.maxLifetimeMs ?? Infinity) * DEADLINE_TOLERANCE_FACTOR + CLOCK_SKEW_MS;
    this.#serializerId = serializerId;
    this.#memo = options.memo;
    ringInUse.replaced.add(() => this.#ringReplaced());
  }

  /**
   * The ring in use.
   * @throws {ConfigurationError} none is loaded yet.
   */
  get ring(): KeyRing {
    return this.#ringInUse.ring;
  }

  /**
   * Returns the envelope of a record, sealed with the active key. `record.lineage` names the keys that sealed the
   * envelope's predecessors.
   * @throws {PayloadError} data, a user id or a label is too long.
   * @throws {KeyRingError} the key has sealed all that it may, or the lineage is too long.
   * @throws {EnvelopeError} `revoked-key`: a key of the lineage is revoked by now.
   */
  seal(storageKey: Buffer, record: SessionRecord): Buffer {
    this.#checkSize(record.data.length);
    const lineage = this.#ancestorsOf(record.lineage);
    const plaintext = encodeRecord({ ...record, lineage }, this.#serializerId);
    const binding = { additionalData: this.#additionalData, storageKey };
    return sealEnvelope(this.ring.sealingKey, binding, { revision: record.revision, plaintext }, this.#platform);
  }

  /**
   * Returns the record of an envelope that was sealed for this storage key and namespace.
   * @throws {EnvelopeError} it does not open.
   */
  open(storageKey: Buffer, envelope: Buffer): SessionRecord {
    const binding = { additionalData: this.#additionalData, storageKey };
    const { revision, keyId, plaintext } = openEnvelope(this.ring, binding, envelope);
    const record = decodeRecord(plaintext, revision, this.#serializerId);
    if (includesKey(record.lineage, keyId)) throw new EnvelopeError('malformed');
    this.#refuseRevoked(record.lineage);
    if (record.absoluteExpiresAt - this.#platform.now() > this.#remainingMsMax)
      throw new EnvelopeError('outlives-limit');
    return { ...record, lineage: [...record.lineage, keyId] };
  }

  /** Opens like `open`, and remembers the record for the next call with the same envelope. The record has its tag. */
  openRemembered(storageKey: Buffer, envelope: Buffer): SessionRecord {
    const recalled = this.#memo?.recall(storageKey, envelope);
    if (recalled !== undefined) return recalled;
    const record = { ...this.open(storageKey, envelope), tag: Buffer.from(envelopeTag(envelope)) };
    return this.#memo?.remember(storageKey, envelope, record) ?? record;
  }

  /**
   * Remembers a record that was sealed here and is stored now, and returns it as `openRemembered` will. Returns the
   * given record, and remembers nothing, if the ring has changed since so that its key is no longer active or one of
   * its lineage is revoked.
   */
  remember(storageKey: Buffer, envelope: Buffer, record: SessionRecord): SessionRecord {
    const { keyId } = this.ring.sealingKey;
    if (this.#memo === undefined || !this.keyIdOf(envelope).equals(keyId)) return record;
    if (this.#hasRevoked(record.lineage)) return record;
    return this.#memo.remember(storageKey, envelope, { ...record, lineage: sealedBy(record.lineage, keyId) });
  }

  /** Returns the envelope of the record that `openRemembered` would recall; undefined if none is remembered. */
  rememberedEnvelope(storageKey: Buffer): Buffer | undefined {
    return this.#memo?.envelopeOf(storageKey);
  }

  /**
   * Returns the key under which a user's new sessions are found, 32 bytes.
   * @throws {PayloadError} the user id is impossible.
   */
  userKey(userId: string): Buffer {
    const [active] = this.ring.indexKeys;
    return this.#blindIndex.userKey(active, userId);
  }

  /** Returns every key under which a user's sessions may be found, `userKey` first. */
  userKeys(userId: string): Buffer[] {
    return this.ring.indexKeys.map((key) => this.#blindIndex.userKey(key, userId));
  }

  /**
   * Returns the keys that authenticate the cookies of this namespace: the first signs, any verifies. There is one per
   * index key that is not revoked, the active one first. The array stays the same until the ring is replaced, so ask
   * for it per cookie.
   */
  get cookieKeys(): readonly KeyObject[] {
    this.#cookieKeys ??= Object.freeze(this.ring.cookieIndexKeys.map((key) => cookieKeyOf(key, this.#namespace)));
    return this.#cookieKeys;
  }

  /**
   * Returns the 8 bytes that name the key of an envelope, a view of it.
   * @throws {EnvelopeError} `malformed`.
   */
  keyIdOf(envelope: Buffer): Buffer {
    return readEnvelopeHeader(envelope).keyId;
  }

  /** True if the active key is of suite 1 and has sealed half of its messages in this process. */
  get nearMessageLimit(): boolean {
    return messageKeysOf(this.ring.sealingKey).counter?.nearLimit ?? false;
  }

  /**
   * Returns the keys that an envelope under the active key names. If there is no room for all, it leaves out the oldest
   * ones that have left the ring, and never one that the ring still has.
   */
  #ancestorsOf(lineage: Lineage): Lineage {
    this.#refuseRevoked(lineage);
    const ancestors = [...withoutKey(lineage, this.ring.sealingKey.keyId)];
    while (ancestors.length > LINEAGE_KEYS_MAX) {
      const unknownAt = ancestors.findIndex((keyId) => this.ring.dataKey(keyId) === undefined);
      if (unknownAt === -1) {
        throw new KeyRingError(
          `A session was sealed by more than ${LINEAGE_KEYS_MAX} keys that are still in the ring: remove those that are retired.`,
        );
      }
      ancestors.splice(unknownAt, 1);
    }
    return ancestors;
  }

  /** Forgets what a key has opened that may be revoked now. */
  #ringReplaced(): void {
    this.#memo?.clear();
    this.#cookieKeys = undefined;
  }

  #refuseRevoked(lineage: Lineage): void {
    if (this.#hasRevoked(lineage)) throw new EnvelopeError('revoked-key');
  }

  #hasRevoked(lineage: Lineage): boolean {
    const { ring } = this;
    return lineage.some((keyId) => ring.isRevoked(keyId));
  }

  #checkSize(bytes: number): void {
    if (bytes <= this.#maxPayloadBytes) return;
    throw new PayloadError(`The session data has ${bytes} bytes; at most ${this.#maxPayloadBytes} are allowed.`);
  }
}

function checkInteger(value: number, min: number, max: number, what: string): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new ConfigurationError(`${what} must be an integer from ${min} to ${max}.`);
}
