import { KeyRingError } from '../errors.ts';
import { A256GCM_MESSAGES_MAX, A256GCM_MESSAGES_WARN } from '../limits/codec.ts';

/**
 * Counts the messages that a key of suite 1 seals in this process, and stops before its random 96-bit nonces become
 * likely to repeat (NIST SP 800-38D §8.3). Other processes and earlier runs are not seen: divide the limit among them.
 */
export class MessageCounter {
  #sealed: number;

  constructor(sealed = 0) {
    this.#sealed = sealed;
  }

  get sealed(): number {
    return this.#sealed;
  }

  get nearLimit(): boolean {
    return this.#sealed >= A256GCM_MESSAGES_WARN;
  }

  /**
   * Counts a message. Call it before the message is sealed.
   * @throws {KeyRingError} the key is used up.
   */
  count(): void {
    if (this.#sealed >= A256GCM_MESSAGES_MAX) {
      throw new KeyRingError('The active A256GCM key has sealed 2³² messages, its limit: promote another key.');
    }
    this.#sealed += 1;
  }
}

/** The counters by kid: the count belongs to the key, whichever ring or client it came with. */
const counters = new Map<string, MessageCounter>();

export function counterOf(kid: string): MessageCounter {
  let counter = counters.get(kid);
  if (counter === undefined) {
    counter = new MessageCounter();
    counters.set(kid, counter);
  }
  return counter;
}
