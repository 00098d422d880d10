import type { TierFailure } from '../../../errors.ts';
import { SENTINEL_POLL_MS, SENTINEL_SEARCH_MS, SENTINEL_TIMEOUT_MS } from '../../../limits/sentinel.ts';
import { withBackgroundDeadline } from '../../../platform/deadline.ts';
import type { CancelTimer } from '../../../platform/platform.ts';
import type { TierContext } from '../../context.ts';
import type { Endpoint, SentinelTopology } from '../options/topology.ts';
import { isSameEndpoint, nextMaster, type NamedMaster } from './named-master.ts';
import { SentinelNode } from './sentinel-node.ts';

export interface MasterSearchEvents {
  /** True if there is a server to use: the Sentinels are then asked less often. */
  isServed(): boolean;
  /** The Sentinels name another address than before. */
  onNamed(master: Endpoint): void;
  /** No Sentinel has named a master since the start, and each has had its chance. */
  onUnnamed(failure: TierFailure): void;
}

/** Asks all Sentinels, round after round, where the master is. */
export class MasterSearch {
  readonly #events: MasterSearchEvents;
  readonly #context: TierContext;
  readonly #nodes: readonly SentinelNode[];
  #known: NamedMaster | null = null;
  #isAsking = false;
  /** True if something happened during the round that makes its answers old. */
  #isOutdated = false;
  #cancelTimer: CancelTimer = () => {};
  #isClosed = false;

  constructor({ name, nodes }: SentinelTopology, context: TierContext, events: MasterSearchEvents) {
    this.#events = events;
    this.#context = context;
    this.#nodes = nodes.map((options) => new SentinelNode(name, options, context, () => this.hurry()));
  }

  start(): void {
    for (const node of this.#nodes) node.connect();
    this.hurry();
  }

  /** Asks now. */
  hurry(): void {
    if (this.#isClosed) return;
    this.#isOutdated = true;
    if (!this.#isAsking) void this.#askInRounds();
  }

  /** Says why no Sentinel answers: what a person has to mend, before what may pass. Null while one does. */
  failure(): TierFailure | null {
    const failures = this.#nodes.map((node) => node.failure);
    if (failures.includes(null)) return null;
    return failures.find((failure) => failure?.kind === 'misconfigured') ?? failures[0] ?? null;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    for (const node of this.#nodes) node.close();
  }

  async #askInRounds(): Promise<void> {
    this.#isAsking = true;
    this.#cancelTimer();
    while (this.#isOutdated && !this.#isClosed) {
      this.#isOutdated = false;
      this.#conclude(await this.#askAll());
    }
    this.#isAsking = false;
    if (!this.#isClosed) this.#askLater();
  }

  #askLater(): void {
    const pauseMs = this.#events.isServed() ? SENTINEL_POLL_MS : SENTINEL_SEARCH_MS;
    this.#cancelTimer = this.#context.platform.after(pauseMs, () => this.hurry(), 'background');
  }

  async #askAll(): Promise<readonly NamedMaster[]> {
    const { platform } = this.#context;
    const answers = await Promise.all(
      this.#nodes.map((node) =>
        withBackgroundDeadline(platform, SENTINEL_TIMEOUT_MS, node.ask(), late).catch(() => null),
      ),
    );
    return answers.filter((answer) => answer !== null);
  }

  #conclude(answers: readonly NamedMaster[]): void {
    if (this.#isClosed) return;
    const known = this.#known;
    const situation = { known, sentinels: this.#nodes.length, isServed: this.#events.isServed() };
    this.#known = nextMaster(answers, situation);
    if (this.#known !== null) {
      if (known === null || !isSameEndpoint(known, this.#known)) this.#events.onNamed(this.#known);
      return;
    }
    const failure = this.failure();
    if (failure !== null) this.#events.onUnnamed(failure);
  }
}

const late = (): Error => new Error('late');
