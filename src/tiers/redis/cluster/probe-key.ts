import { PROBE_KEYS_TRIED_MAX } from '../../../limits/cluster.ts';
import { slotOf, SLOTS } from './slot.ts';

const SLOT_NUMBERS = Array.from({ length: SLOTS }, (_, slot) => slot);

/** A key that probes of one master may write: `<prefix>:<number>`, with the first number whose slot the master has. */
export class ProbeKey {
  readonly #prefix: string;
  readonly #owns: (slot: number) => boolean;
  #key: string | null = null;

  constructor(prefix: string, owns: (slot: number) => boolean) {
    this.#prefix = prefix;
    this.#owns = owns;
  }

  /** Looks for another key if the slot of the last one has gone to another master. Null for a master without slots. */
  get(): string | null {
    if (this.#key === null || !this.#owns(slotOf(this.#key))) this.#key = this.#find();
    return this.#key;
  }

  #find(): string | null {
    if (!SLOT_NUMBERS.some((slot) => this.#owns(slot))) return null;
    for (let number = 0; number < PROBE_KEYS_TRIED_MAX; number += 1) {
      const key = `${this.#prefix}:${number}`;
      if (this.#owns(slotOf(key))) return key;
    }
    return null;
  }
}
