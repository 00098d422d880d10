import type { TierFailure } from '../../../errors.ts';
import type { TierContext } from '../../context.ts';
import { toTierFailure } from '../connection/failure.ts';
import { RedisLink } from '../connection/link.ts';
import type { Endpoint, ServerAccess } from '../options/topology.ts';
import { parseNodesView, type NodesView } from './nodes-view.ts';

export interface SeedsOptions {
  readonly endpoints: readonly Endpoint[];
  readonly access: ServerAccess;
  readonly context: TierContext;
  /** Runs when a node can be asked. */
  readonly onReady: () => void;
  /** Runs when an attempt to reach one has failed. */
  readonly onFailure: () => void;
}

/** The nodes that the options name. They are connected to while there is a shard without a master to use. */
export class Seeds {
  readonly #options: SeedsOptions;
  #seeds: readonly Seed[] = [];

  constructor(options: SeedsOptions) {
    this.#options = options;
  }

  /** Says why no node answers, what a person has to mend first. Null as long as one may. */
  get failure(): TierFailure | null {
    const failures = this.#seeds.map(({ failure }) => failure);
    if (failures.includes(null)) return null;
    return failures.find((failure) => failure?.kind === 'misconfigured') ?? failures[0] ?? null;
  }

  /** Connects, unless it has. */
  open(): void {
    if (this.#seeds.length > 0) return;
    this.#seeds = this.#options.endpoints.map((endpoint) => new Seed(endpoint, this.#options));
  }

  close(): void {
    for (const seed of this.#seeds) seed.close();
    this.#seeds = [];
  }

  /** Asks every node that is connected. */
  async views(): Promise<NodesView[]> {
    const views = await Promise.all(this.#seeds.map((seed) => seed.view()));
    return views.filter((view) => view !== null);
  }
}

class Seed {
  readonly #host: string;
  readonly #link: RedisLink;
  failure: TierFailure | null = null;

  constructor(endpoint: Endpoint, { access, context, onReady, onFailure }: SeedsOptions) {
    this.#host = endpoint.host;
    this.#link = new RedisLink({ endpoint, db: 0, ...access }, context, {
      onReady,
      onEnd: (failure) => {
        this.failure = failure;
        onFailure();
      },
    });
    this.#link.connect();
  }

  async view(): Promise<NodesView | null> {
    if (!this.#link.isReady) return null;
    try {
      const view = parseNodesView(String(await this.#link.ask((redis) => redis.cluster('NODES'))), this.#host);
      this.#link.accept();
      this.failure = null;
      return view;
    } catch (error) {
      const failure = toTierFailure(error);
      if (failure.kind === 'misconfigured') this.#link.reject(failure);
      return null;
    }
  }

  close(): void {
    this.#link.close();
  }
}
