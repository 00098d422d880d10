import { MEMO_ENTRY_OVERHEAD_BYTES, MEMO_LIFETIME_MS, MEMO_LOOK_MS_MIN } from '../limits/codec.ts';
import type { CancelTimer, Platform } from '../platform/platform.ts';
import { TransientMap } from '../platform/transient.ts';
import { envelopeTag } from '../session/sealed-record.ts';
import type { SessionRecord } from '../session/session-record.ts';

interface Remembered {
  readonly envelope: Buffer;
  /** Shared by all who recall it. */
  readonly record: SessionRecord;
  /** On the monotonic clock. */
  readonly openedAt: number;
  /** What it counts for. */
  size: number;
}

/**
 * What was in the envelopes that were opened or stored here lately. It is recalled only for the envelope that a tier just answered:
 * compared byte for byte, or found by the database to end like the remembered one. Bounded in bytes and in time.
 *
 * A ring never changes, so who replaces it clears the memo, and with it whatever a key opened that is revoked by now.
 */
export class Memo {
  readonly #platform: Platform;
  readonly #bytesMax: number;
  /** In the order in which they were remembered, which is the order in which they are forgotten. */
  readonly #remembered = new TransientMap<string, Remembered>();
  readonly #keyIds = new Map<string, Buffer>();
  #bytes = 0;
  #cancelTimer: CancelTimer | undefined;

  constructor(platform: Platform, bytesMax: number) {
    this.#platform = platform;
    this.#bytesMax = bytesMax;
  }

  /** Bytes of envelopes and data, and what it takes to keep them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The record of exactly this envelope: the same object each time, which nobody may change. */
  recall(storageKey: Buffer, envelope: Buffer): SessionRecord | undefined {
    const remembered = this.#find(storageKey);
    return remembered?.envelope.equals(envelope) ? remembered.record : undefined;
  }

  /** The envelope that is remembered. Its bytes stay what they are. */
  envelopeOf(storageKey: Buffer): Buffer | undefined {
    return this.#find(storageKey)?.envelope;
  }

  /**
   * The record as it will be recalled. The given one if there is no room: what is remembered stays for its time. Where more sessions
   * are read in turn than fit, to forget the oldest for each new one would be to forget each before it is asked for.
   */
  remember(storageKey: Buffer, envelope: Buffer, record: SessionRecord): SessionRecord {
    const name = nameOf(storageKey);
    this.#forget(name);
    this.#forgetOldest();
    const size = envelope.length + record.data.length + MEMO_ENTRY_OVERHEAD_BYTES;
    if (this.#bytes + size > this.#bytesMax) return record;
    // Copies in memory of their own: a view would keep alive the chunk of the socket, or the pool, that it is part of.
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
   * Counts what is kept beside the data of a remembered record for as long as that is remembered. False if it is not, or there is no
   * room.
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

  /** A process that has nothing to do forgets too. */
  #schedule(): void {
    const [oldest] = this.#remembered.values();
    if (oldest === undefined || this.#cancelTimer !== undefined) return;
    const leftMs = oldest.openedAt + MEMO_LIFETIME_MS - this.#platform.monotonic();
    const due = (): void => {
      this.#cancelTimer = undefined;
      this.#forgetOldest();
      this.#schedule();
    };
    this.#cancelTimer = this.#platform.after(Math.max(leftMs, MEMO_LOOK_MS_MIN), due, 'background');
  }

  /** Those whose time is over. */
  #forgetOldest(): void {
    for (const [name, remembered] of this.#remembered) {
      if (!this.#isOld(remembered)) return;
      this.#forget(name);
    }
  }

  #isOld({ openedAt }: Remembered): boolean {
    return this.#platform.monotonic() - openedAt >= MEMO_LIFETIME_MS;
  }

  /** All records share one buffer for each key. */
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
