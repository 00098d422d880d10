import { PROBE_KEYS_TRIED_MAX } from '../../../limits/cluster.ts';
import { slotOf } from './slot.ts';

/** A key that probes of one shard may write: `<prefix>:<number>`, with the first number whose slot the shard has. */
export class ProbeKey {
  readonly #prefix: string;
  readonly #owns: (slot: number) => boolean;
  #key = '';
  #slot = -1;

  constructor(prefix: string, owns: (slot: number) => boolean) {
    this.#prefix = prefix;
    this.#owns = owns;
  }

  /** Looks for another key if the slot of the last one has gone to another shard. */
  get(): string {
    if (this.#slot < 0 || !this.#owns(this.#slot)) this.#find();
    return this.#key;
  }

  #find(): void {
    for (let number = 0; number < PROBE_KEYS_TRIED_MAX; number += 1) {
      this.#key = `${this.#prefix}:${number}`;
      this.#slot = slotOf(this.#key);
      if (this.#owns(this.#slot)) return;
    }
  }
}
