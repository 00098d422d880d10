import { AsyncLocalStorage } from 'node:async_hooks';

/** One call of the library, as its caller saw it. */
export interface Sample {
  /** When it ended, in milliseconds since the epoch. */
  readonly at: number;
  readonly ms: number;
  readonly kind: 'read' | 'write';
  /** The store that answered; undefined if the call failed, or found no session. */
  readonly servedBy: 'durable' | 'primary' | undefined;
  /** The code of the error. */
  readonly failure: string | undefined;
  /** The visitor's own, not that of a made-up customer. */
  readonly isMine: boolean;
  readonly node: number;
}

/** A request to the shop, or one of the panel, whose calls are not counted. */
export type Visit = 'panel' | 'visitor';

const KEPT_MS = 60_000;
/** These are no failures: the session has ended, and the library says so. */
const ENDED = ['HOLDFAST_SESSION_ENDED', 'HOLDFAST_SESSION_NOT_FOUND'];

/** Measures the calls of the nodes' clients. */
export class Recorder {
  readonly #visits = new AsyncLocalStorage<Visit>();
  #samples: Sample[] = [];
  #unsent: Sample[] = [];

  /** Runs a request; its calls are the visitor's, or not counted. */
  visit<R>(visit: Visit, work: () => R): R {
    return this.#visits.run(visit, work);
  }

  async measure<R extends { readonly servedBy: 'durable' | 'primary' } | null>(
    { kind, node }: Pick<Sample, 'kind' | 'node'>,
    call: () => Promise<R>,
  ): Promise<R> {
    const visit = this.#visits.getStore();
    if (visit === 'panel') return call();
    const start = performance.now();
    const note = (servedBy: Sample['servedBy'], failure: string | undefined): void =>
      this.#note({
        at: Date.now(),
        ms: performance.now() - start,
        kind,
        servedBy,
        failure,
        isMine: visit === 'visitor',
        node,
      });
    try {
      const result = await call();
      note(result?.servedBy, undefined);
      return result;
    } catch (error) {
      const code = codeOf(error);
      note(undefined, ENDED.includes(code) ? undefined : code);
      throw error;
    }
  }

  since(time: number): Sample[] {
    return this.#samples.filter(({ at }) => at >= time);
  }

  /** Returns the samples that it has not returned yet. */
  takeNew(): Sample[] {
    return this.#unsent.splice(0);
  }

  #note(sample: Sample): void {
    this.#samples.push(sample);
    this.#unsent.push(sample);
    const first = this.#samples[0];
    if (first !== undefined && first.at < sample.at - 2 * KEPT_MS) this.#samples = this.since(sample.at - KEPT_MS);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
}
