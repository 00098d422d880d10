import { TierFailure } from '../../../errors.ts';

/** Calls that share a command, and one promise: each takes its own outcome out of that. */
export class Batch<Request, Outcome> {
  readonly requests: Request[] = [];
  readonly #answered: Promise<readonly (Outcome | TierFailure)[]>;
  #resolve!: (outcomes: readonly (Outcome | TierFailure)[]) => void;
  #reject!: (failure: TierFailure) => void;
  #bytes = 0;
  #isSettled = false;

  constructor() {
    this.#answered = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** The size of the requests, about. */
  get bytes(): number {
    return this.#bytes;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  add(request: Request, bytes: number): Promise<Outcome> {
    const at = this.requests.push(request) - 1;
    this.#bytes += bytes;
    return this.#answered.then((outcomes) => {
      const outcome = outcomes[at] as Outcome | TierFailure;
      if (outcome instanceof TierFailure) throw outcome;
      return outcome;
    });
  }

  /** Each caller has its own outcome, in the order of the requests. */
  settle(outcomes: readonly (Outcome | TierFailure)[]): void {
    if (outcomes.length !== this.requests.length) return this.reject(new TierFailure('ambiguous', 'reply'));
    this.#isSettled = true;
    this.#resolve(outcomes);
  }

  /** Rejects each call: what is true of the command is true of each. */
  reject(failure: TierFailure): void {
    this.#isSettled = true;
    this.#reject(failure);
  }
}

export interface GathererOptions<Request, Outcome> {
  /** Calls back once no more calls of this turn can come. */
  readonly whenGathered: (callback: () => void) => void;
  readonly requestsMax: number;
  /** @defaultValue any number of them */
  readonly bytesMax?: number;
  readonly bytesOf?: (request: Request) => number;
  /** Returns whether two calls may share a command. @defaultValue always */
  readonly areAlike?: (one: Request, other: Request) => boolean;
  readonly onBegin?: (batch: Batch<Request, Outcome>) => void;
  /** Sends the command, and settles the batch. */
  readonly send: (batch: Batch<Request, Outcome>) => void;
}

/** Calls of one turn of the event loop share commands, which leave in the order in which the calls came. */
export class Gatherer<Request, Outcome> {
  readonly #options: Required<GathererOptions<Request, Outcome>>;
  #batch: Batch<Request, Outcome> | null = null;

  constructor(options: GathererOptions<Request, Outcome>) {
    this.#options = {
      bytesMax: Number.POSITIVE_INFINITY,
      bytesOf: () => 0,
      areAlike: () => true,
      onBegin: () => {},
      ...options,
    };
  }

  call(request: Request): Promise<Outcome> {
    const bytes = this.#options.bytesOf(request);
    const batch = this.#batch;
    if (batch !== null && this.#mayJoin(batch, request, bytes)) return batch.add(request, bytes);
    if (batch !== null) this.#send(batch);
    return this.#begin().add(request, bytes);
  }

  #mayJoin({ requests, bytes }: Batch<Request, Outcome>, request: Request, more: number): boolean {
    const { requestsMax, bytesMax, areAlike } = this.#options;
    if (requests.length >= requestsMax || bytes + more > bytesMax) return false;
    return areAlike(requests[0] as Request, request);
  }

  #begin(): Batch<Request, Outcome> {
    const batch = new Batch<Request, Outcome>();
    this.#batch = batch;
    this.#options.onBegin(batch);
    this.#options.whenGathered(() => {
      if (this.#batch === batch) this.#send(batch);
    });
    return batch;
  }

  #send(batch: Batch<Request, Outcome>): void {
    this.#batch = null;
    this.#options.send(batch);
  }
}
