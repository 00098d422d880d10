import { MEMO_ENTRY_OVERHEAD_BYTES, MEMO_LIFETIME_MS, MEMO_LOOK_MS_MIN } from '../limits/codec.ts';
import type { CancelTimer, Platform } from '../platform/platform.ts';
import { TransientMap } from '../platform/transient.ts';
import { envelopeTag } from '../session/sealed-record.ts';
import type { SessionRecord } from '../session/session-record.ts';

interface Remembered {
  readonly envelope: Buffer;
  /** The record, shared by all callers that recall it. */
  readonly record: SessionRecord;
  /** The moment of opening, on the monotonic clock. */
  readonly openedAt: number;
  /** The bytes that it counts for. */
  size: number;
}

/**
 * Remembers the envelopes that were opened or stored here lately. A record is recalled only for the envelope that a
 * tier has just returned: compared byte for byte, or by the tag that the database compared. It is bounded in bytes and
 * in time.
 *
 * A ring never changes, so replacing it clears the memo, and with it whatever a revoked key opened.
 */
export class Memo {
  readonly #platform: Platform;
  readonly #bytesMax: number;
  /** The entries in the order in which they were remembered, which is the order in which they are forgotten. */
  readonly #remembered = new TransientMap<string, Remembered>();
  readonly #keyIds = new Map<string, Buffer>();
  #bytes = 0;
  #cancelTimer: CancelTimer | undefined;

  constructor(platform: Platform, bytesMax: number) {
    this.#platform = platform;
    this.#bytesMax = bytesMax;
  }

  /** The bytes of envelopes and data, and of the objects around them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns the record of exactly this envelope: the same object each time, which no caller may change. */
  recall(storageKey: Buffer, envelope: Buffer): SessionRecord | undefined {
    const remembered = this.#find(storageKey);
    return remembered?.envelope.equals(envelope) ? remembered.record : undefined;
  }

  /** Returns the remembered envelope, whose bytes do not change. */
  envelopeOf(storageKey: Buffer): Buffer | undefined {
    return this.#find(storageKey)?.envelope;
  }

  /**
   * Remembers a record, and returns the object that `recall` will return. Without room for it, forgets no other and
   * returns the given record: if more sessions than fit are read in turn, and each new one took the place of the
   * oldest, each would be gone before it is read again.
   */
  remember(storageKey: Buffer, envelope: Buffer, record: SessionRecord): SessionRecord {
    const name = nameOf(storageKey);
    this.#forget(name);
    this.#forgetExpired();
    const size = envelope.length + record.data.length + MEMO_ENTRY_OVERHEAD_BYTES;
    if (this.#bytes + size > this.#bytesMax) return record;
    // A copy, since a view would keep the chunk of the socket or the pool alive.
    const bytes = Buffer.allocUnsafeSlow(envelope.length + record.data.length);
    envelope.copy(bytes, 0);
    record.data.copy(bytes, envelope.length);
    const own = bytes.subarray(0, envelope.length);
    const lineage = record.lineage.map((keyId) => this.#ownKeyId(keyId));
    const kept = { ...record, lineage, tag: envelopeTag(own), data: bytes.subarray(envelope.length) };
    this.#remembered.set(name, { envelope: own, record: kept, openedAt: this.#platform.monotonic(), size });
    this.#bytes += size;
    this.#schedule();
    return kept;
  }

  /**
   * Counts what is kept beside the data of a remembered record, for as long as the record is remembered. Returns false
   * if it is not remembered, or there is no room.
   */
  makeRoom(storageKey: Buffer, record: SessionRecord, measure: () => number): boolean {
    const remembered = this.#find(storageKey);
    if (remembered === undefined || remembered.record.data !== record.data) return false;
    const bytes = measure();
    if (this.#bytes + bytes > this.#bytesMax) return false;
    remembered.size += bytes;
    this.#bytes += bytes;
    return true;
  }

  forget(storageKey: Buffer): void {
    this.#forget(nameOf(storageKey));
  }

  clear(): void {
    for (const name of this.#remembered.keys()) this.#forget(name);
    this.#keyIds.clear();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Forgets also while the process is idle. */
  #schedule(): void {
    const [oldest] = this.#remembered.values();
    if (oldest === undefined || this.#cancelTimer !== undefined) return;
    const leftMs = oldest.openedAt + MEMO_LIFETIME_MS - this.#platform.monotonic();
    const due = (): void => {
      this.#cancelTimer = undefined;
      this.#forgetExpired();
      this.#schedule();
    };
    this.#cancelTimer = this.#platform.after(Math.max(leftMs, MEMO_LOOK_MS_MIN), due, 'background');
  }

  /** Forgets the entries whose time is over. */
  #forgetExpired(): void {
    for (const [name, remembered] of this.#remembered) {
      if (!this.#isOld(remembered)) return;
      this.#forget(name);
    }
  }

  #isOld({ openedAt }: Remembered): boolean {
    return this.#platform.monotonic() - openedAt >= MEMO_LIFETIME_MS;
  }

  /** Returns one buffer per key, shared by all records. */
  #ownKeyId(keyId: Buffer): Buffer {
    const name = nameOf(keyId);
    let own = this.#keyIds.get(name);
    if (own === undefined) this.#keyIds.set(name, (own = Buffer.from(keyId)));
    return own;
  }

  #find(storageKey: Buffer): Remembered | undefined {
    const remembered = this.#remembered.get(nameOf(storageKey));
    return remembered === undefined || this.#isOld(remembered) ? undefined : remembered;
  }

  #forget(name: string): void {
    const remembered = this.#remembered.get(name);
    if (remembered === undefined) return;
    this.#remembered.delete(name);
    this.#bytes -= remembered.size;
  }
}

function nameOf(bytes: Buffer): string {
  return bytes.toString('latin1');
}
