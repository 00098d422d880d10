import { MEMO_ENTRY_OVERHEAD_BYTES, MEMO_LIFETIME_MS, MEMO_LOOK_MS_MIN } from '../limits.ts';
import type { CancelTimer, Platform } from '../platform/platform.ts';
import { TransientMap } from '../platform/transient.ts';
import type { SessionRecord } from '../session/session-record.ts';

interface Remembered {
  /** The envelope, and the data that was in it. Of nobody else: the data is wiped when it is forgotten. */
  readonly bytes: Buffer;
  readonly envelopeBytes: number;
  /** Without its data. */
  readonly record: SessionRecord;
  /** On the monotonic clock. */
  readonly openedAt: number;
}

const NO_DATA = Buffer.alloc(0);

/**
 * What was in the envelopes that were opened or stored here lately. It is recalled only for the envelope that a tier just answered:
 * compared byte for byte, or found by the database to end like the remembered one. Bounded in bytes and in time; the data of
 * what is forgotten is wiped.
 *
 * A ring never changes, so who replaces it clears the memo, and with it whatever a key opened that is revoked by now.
 */
export class Memo {
  readonly #platform: Platform;
  readonly #bytesMax: number;
  /** In the order in which they were remembered, which is the order in which they are forgotten. */
  readonly #remembered = new TransientMap<string, Remembered>();
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

  /** The record of exactly this envelope, with data of the caller's own. */
  recall(storageKey: Buffer, envelope: Buffer): SessionRecord | undefined {
    const remembered = this.#remembered.get(nameOf(storageKey));
    if (remembered === undefined || this.#isOld(remembered)) return undefined;
    const { bytes, envelopeBytes, record } = remembered;
    if (envelope.length !== envelopeBytes || envelope.compare(bytes, 0, envelopeBytes) !== 0) return undefined;
    const data = Buffer.allocUnsafe(bytes.length - envelopeBytes);
    bytes.copy(data, 0, envelopeBytes);
    return { ...record, data };
  }

  /** The envelope that is remembered. A view of bytes that stay: they are sealed, and not wiped. */
  envelopeOf(storageKey: Buffer): Buffer | undefined {
    const remembered = this.#remembered.get(nameOf(storageKey));
    if (remembered === undefined || this.#isOld(remembered)) return undefined;
    return remembered.bytes.subarray(0, remembered.envelopeBytes);
  }

  /**
   * Nothing if there is no room: what is remembered stays for its time. Where more sessions are read in turn than fit, to forget the
   * oldest for each new one would be to forget each before it is asked for.
   */
  remember(storageKey: Buffer, envelope: Buffer, record: SessionRecord): void {
    const name = nameOf(storageKey);
    this.#forget(name);
    this.#forgetOldest();
    if (this.#bytes + sizeOf(envelope.length + record.data.length) > this.#bytesMax) return;
    // Copies, because a view would keep alive the whole chunk of the socket that it came in.
    const bytes = Buffer.allocUnsafeSlow(envelope.length + record.data.length);
    envelope.copy(bytes, 0);
    record.data.copy(bytes, envelope.length);
    const openedAt = this.#platform.monotonic();
    this.#remembered.set(name, {
      bytes,
      envelopeBytes: envelope.length,
      record: { ...record, data: NO_DATA },
      openedAt,
    });
    this.#bytes += sizeOf(bytes.length);
    this.#schedule();
  }

  forget(storageKey: Buffer): void {
    this.#forget(nameOf(storageKey));
  }

  clear(): void {
    for (const name of this.#remembered.keys()) this.#forget(name);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** A process that has nothing to do keeps no plaintext either. */
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

  #forget(name: string): void {
    const remembered = this.#remembered.get(name);
    if (remembered === undefined) return;
    this.#remembered.delete(name);
    this.#bytes -= sizeOf(remembered.bytes.length);
    remembered.bytes.fill(0, remembered.envelopeBytes);
  }
}

function sizeOf(bytes: number): number {
  return bytes + MEMO_ENTRY_OVERHEAD_BYTES;
}

function nameOf(storageKey: Buffer): string {
  return storageKey.toString('latin1');
}
