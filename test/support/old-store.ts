import { createHmac } from 'node:crypto';
import type { OldStore } from '../../src/http/import/import-store.ts';

/** A store of express-session in memory, which can be away, or be watched. */
export class MemoryOldStore implements OldStore {
  readonly entries = new Map<string, string>();
  /** What was asked, in order: `get` or `destroy`. */
  readonly calls: ('destroy' | 'get')[] = [];
  /** What every call fails with, if anything. */
  outage: Error | undefined;
  /** Runs before a call is answered; one that never resolves is a store that hangs. */
  before: (call: 'destroy' | 'get') => Promise<void> = async () => {};

  put(sid: string, data: object): void {
    this.entries.set(sid, JSON.stringify(data));
  }

  get(sid: string, callback: (error: unknown, session?: unknown) => void): void {
    void this.#answer('get', callback, () => JSON.parse(this.entries.get(sid) ?? 'null') as unknown);
  }

  destroy(sid: string, callback: (error?: unknown) => void): void {
    void this.#answer('destroy', callback, () => void this.entries.delete(sid));
  }

  async #answer(
    call: 'destroy' | 'get',
    callback: (error: unknown, value?: unknown) => void,
    answer: () => unknown,
  ): Promise<void> {
    this.calls.push(call);
    await this.before(call);
    if (this.outage === undefined) callback(null, answer());
    else callback(this.outage);
  }
}

/** The value of express-session's cookie. */
export function signedSid(sid: string, secret: string): string {
  const signature = createHmac('sha256', secret).update(sid).digest('base64').replace(/=+$/, '');
  return encodeURIComponent(`s:${sid}.${signature}`);
}
