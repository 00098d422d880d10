import { TierFailure } from '../../../errors.ts';
import type { TierContext } from '../../context.ts';
import type { PrimaryEntry, Vantage } from '../../primary.ts';
import { adviceFor } from '../advice.ts';
import { SCRIPTS, type ScriptedRedis } from '../connection/client-settings.ts';
import { RedisConnection } from '../connection/connection.ts';
import { toTierFailure } from '../connection/failure.ts';
import { readAnswer, scriptCall, type Mutation } from '../connection/mutation.ts';
import { decodeEntry } from '../entry-format.ts';
import type { ClusterTopology, Endpoint, ServerAccess } from '../options/topology.ts';
import { parseNodesView, type ClaimingMaster, type NodesView } from './nodes-view.ts';
import { oneKeyEach } from './one-key-commands.ts';
import { redirectionIn } from './redirection.ts';

export interface ClusterMasterOptions {
  readonly access: ServerAccess;
  readonly reach: ClusterTopology['reach'];
  readonly context: TierContext;
  readonly probeKey: () => string | null;
  /** Runs when `vantage()` turns from null or to null. */
  readonly onChange: () => void;
}

/** The connection to one master. What it rejects with may be a `Redirection`. */
export class ClusterMaster {
  readonly #options: ClusterMasterOptions;
  #claim: ClaimingMaster;
  #endpoint: Endpoint;
  #connection: RedisConnection;
  /** Resolves once the first attempt to connect has ended: to its failure, or null. */
  opening: Promise<TierFailure | null>;

  constructor(claim: ClaimingMaster, options: ClusterMasterOptions) {
    this.#options = options;
    this.#claim = claim;
    this.#endpoint = this.#endpointOf(claim);
    this.#connection = this.#newConnection();
    this.opening = this.#open();
  }

  get isConnected(): boolean {
    return this.#connection.isConnected;
  }

  /** Follows a master that has moved to another address. */
  follow(claim: ClaimingMaster): void {
    const { host, port } = this.#endpointOf(claim);
    this.#claim = claim;
    if (host === this.#endpoint.host && port === this.#endpoint.port) return;
    this.#connection.close();
    this.#endpoint = { host, port };
    this.#connection = this.#newConnection();
    this.opening = this.#open();
  }

  /** True if a redirection to this endpoint leads here. The host is empty where `asked` does not know its own, which all have. */
  isAt({ host, port }: Endpoint, asked: ClusterMaster): boolean {
    const { address, hostname } = this.#claim;
    if (port !== address.port) return false;
    return host === '' ? address.host === asked.#claim.address.host : host === address.host || host === hostname;
  }

  vantage(): Vantage | null {
    return this.#connection.vantage();
  }

  failure(): TierFailure | null {
    return this.#connection.failure();
  }

  probe(): Promise<void> {
    return this.#connection.probe();
  }

  confirm(): Promise<void> {
    return this.#connection.confirm();
  }

  read(key: string): Promise<PrimaryEntry> {
    return this.#connection.read(key);
  }

  run({ script, key, args }: Mutation): Promise<boolean> {
    return this.#connection.run(script, key, ...args);
  }

  /** Reads a key for a call that began at another node. */
  async readRedirected(key: string, isAsk: boolean): Promise<PrimaryEntry> {
    const [value = null] = await this.#connection.askWithClock((redis) => {
      if (isAsk) announce(redis);
      return redis.mgetBuffer([key]).catch(rethrow);
    });
    return decodeEntry(value);
  }

  /** Runs a script for a call that began at another node. It has `leftMs()` to be executed, by the clock of this server. */
  async runRedirected(mutation: Mutation, isAsk: boolean, leftMs: () => number): Promise<boolean> {
    const reply = await this.#connection.askWithClock((redis, clock) => {
      const left = Math.floor(leftMs());
      if (left <= 0) throw new TierFailure('not-sent', 'deadline');
      const deadline = clock.earliest(this.#options.context.platform.monotonic()) + left;
      const { script, args } = scriptCall([mutation], deadline);
      if (!isAsk) return redis[script](...args).catch(rethrow);
      announce(redis);
      // By its text: NOSCRIPT would use up what ASKING permits.
      return redis.eval(SCRIPTS[script], ...args).catch(rethrow);
    });
    const [outcome] = readAnswer(String(reply)).outcomes;
    if (outcome instanceof TierFailure) throw outcome;
    return outcome === true;
  }

  /** Asks for the cluster as this node sees it; null if it does not answer. */
  async view(): Promise<NodesView | null> {
    try {
      const view = await this.#readView();
      return view.self === this.#claim.id ? view : null;
    } catch {
      return null;
    }
  }

  /** Gives the connection up, and with it the trust in what the server held until now. */
  reject(failure: TierFailure): void {
    this.#connection.reject(failure);
  }

  close(): void {
    this.#connection.close();
  }

  async #open(): Promise<TierFailure | null> {
    try {
      await this.#connection.open();
      return null;
    } catch (error) {
      return toTierFailure(error);
    }
  }

  #newConnection(): RedisConnection {
    const { access, context, probeKey, onChange } = this.#options;
    return new RedisConnection({
      server: { endpoint: this.#endpoint, db: 0, ...access },
      context,
      commands: oneKeyEach,
      mode: 'cluster',
      probeKey,
      identify: () => this.#identify(),
      onChange,
    });
  }

  /** An address may have gone to another node, or to a node of another cluster. */
  async #identify(): Promise<void> {
    const { self } = await this.#readView();
    if (self === this.#claim.id) return;
    throw new TierFailure('rejected', 'another-node', adviceFor('another-node'));
  }

  async #readView(): Promise<NodesView> {
    const text = await this.#connection.ask((redis) => redis.cluster('NODES'));
    return parseNodesView(String(text), this.#endpoint.host);
  }

  /** A host name, where one is announced, is what certificates are issued for. */
  #endpointOf({ address, hostname }: ClaimingMaster): Endpoint {
    return this.#options.reach({ host: hostname ?? address.host, port: address.port });
  }
}

/** Permits the next command, and only that one, to a slot that this node is taking over. It leaves before that command. */
function announce(redis: ScriptedRedis): void {
  redis.asking().catch(() => {});
}

function rethrow(error: unknown): never {
  throw redirectionIn(error) ?? toTierFailure(error);
}
