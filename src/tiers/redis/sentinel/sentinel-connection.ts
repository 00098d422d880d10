import { TierFailure } from '../../../errors.ts';
import { PRIMARY_CONNECT_TIMEOUT_MS } from '../../../limits/primary-tier.ts';
import { SENTINEL_TIMEOUT_MS } from '../../../limits/sentinel.ts';
import type { TierContext } from '../../context.ts';
import type { PrimaryEntry, Vantage } from '../../primary.ts';
import type { ScriptName } from '../connection/client-settings.ts';
import { RedisConnection, type ServerConnection } from '../connection/connection.ts';
import { manyKeysEach } from '../connection/shared-commands.ts';
import type { Endpoint, SentinelTopology, ServerAccess } from '../options/topology.ts';
import { MasterSearch } from './master-search.ts';
import { isSameEndpoint } from './named-master.ts';
import { masterFailure } from './sentinel-failure.ts';

/** The connection to a server at one address; it connects again to the same address. */
interface Candidate {
  readonly endpoint: Endpoint;
  readonly connection: RedisConnection;
}

export interface SentinelConnectionOptions {
  readonly topology: SentinelTopology;
  /** The access to the servers that the Sentinels name. */
  readonly access: ServerAccess;
  readonly context: TierContext;
  readonly probeKey: () => string;
  /** Runs when `vantage()` turns from null or to null. */
  readonly onChange: () => void;
}

/**
 * The connection to the master that the Sentinels name. When they name another one, the present server stays in use until the
 * other has shown that it is a master: a name that leads nowhere costs nothing, and which of two masters counts is
 * for the database to say.
 */
export class SentinelConnection implements ServerConnection {
  readonly #options: SentinelConnectionOptions;
  readonly #search: MasterSearch;
  #present: Candidate | null = null;
  /** The server that was named last, until it is met. */
  #next: Candidate | null = null;
  #settleOpening: (failure: TierFailure | null) => void = () => {};

  constructor(options: SentinelConnectionOptions) {
    this.#options = options;
    this.#search = new MasterSearch(options.topology, options.context, {
      isServed: () => this.vantage() !== null,
      onNamed: (address) => this.#goTo(address),
      onUnnamed: (failure) => this.#settleOpening(failure),
    });
  }

  /** Settles when a first server was met, or failed, or no Sentinel named one; within the time that two connections take. */
  open(): Promise<void> {
    const { platform, timeoutMs } = this.#options.context;
    return new Promise((resolve, reject) => {
      const boundMs = 2 * PRIMARY_CONNECT_TIMEOUT_MS + SENTINEL_TIMEOUT_MS + timeoutMs;
      const onTimeout = (): void => this.#settleOpening(this.failure() ?? new TierFailure('ambiguous', 'deadline'));
      const cancel = platform.after(boundMs, () => platform.afterInput(onTimeout));
      this.#settleOpening = (failure) => {
        cancel();
        this.#settleOpening = () => {};
        if (failure === null) resolve();
        else reject(failure);
      };
      this.#search.start();
    });
  }

  vantage(): Vantage | null {
    return this.#present?.connection.vantage() ?? null;
  }

  /** Returns why `vantage()` is null; null while it is not. What a person has to mend comes first. */
  failure(): TierFailure | null {
    if (this.vantage() !== null) return null;
    const servers = [this.#next, this.#present].map((server) => server?.connection.failure() ?? null);
    const failures = [...servers.map((failure) => failure && masterFailure(failure)), this.#search.failure()];
    const known = failures.filter((failure) => failure !== null);
    return known.find(({ kind }) => kind === 'misconfigured') ?? known[0] ?? null;
  }

  async probe(): Promise<void> {
    await this.#require().probe();
  }

  async confirm(): Promise<void> {
    await this.#require().confirm();
  }

  read(key: string): Promise<PrimaryEntry> {
    const connection = this.#present?.connection;
    return connection === undefined ? Promise.reject(this.#unreachable()) : connection.read(key);
  }

  async run(script: ScriptName, key: string, ...args: (Buffer | string)[]): Promise<boolean> {
    return this.#require().run(script, key, ...args);
  }

  close(): void {
    this.#search.close();
    this.#next?.connection.close();
    this.#present?.connection.close();
    this.#settleOpening(new TierFailure('not-sent', 'closed'));
  }

  #require(): RedisConnection {
    if (this.#present === null) throw this.#unreachable();
    return this.#present.connection;
  }

  #unreachable(): TierFailure {
    const { reason, advice } = this.failure() ?? { reason: 'not-connected' };
    return new TierFailure('not-sent', reason, advice);
  }

  #goTo(endpoint: Endpoint): void {
    this.#next?.connection.close();
    this.#next = null;
    if (this.#present !== null && isSameEndpoint(this.#present.endpoint, endpoint)) return;
    const candidate = this.#candidate(endpoint);
    if (this.#present === null) this.#present = candidate;
    else this.#next = candidate;
    candidate.connection.open().then(
      () => this.#settleOpening(null),
      (failure: TierFailure) => {
        // One that was given up for the next says nothing of that.
        if (candidate === this.#present || candidate === this.#next) this.#settleOpening(masterFailure(failure));
      },
    );
  }

  #candidate({ host, port }: Endpoint): Candidate {
    const { access, context, probeKey } = this.#options;
    const endpoint = { host, port };
    const onChange = (): void => this.#changed(candidate);
    const connection = new RedisConnection({
      server: { ...access, endpoint, db: 0 },
      context,
      commands: manyKeysEach,
      mode: 'standalone',
      probeKey,
      onChange,
    });
    const candidate = { endpoint, connection };
    return candidate;
  }

  #changed(candidate: Candidate): void {
    if (candidate === this.#next && candidate.connection.vantage() !== null) this.#moveTo(candidate);
    if (candidate !== this.#present) return;
    if (this.vantage() === null) this.#search.hurry();
    this.#options.onChange();
  }

  /** The server changes in one turn, but not unnoticed: `vantage()` is null in between. */
  #moveTo(next: Candidate): void {
    this.#next = null;
    this.#present?.connection.close();
    this.#present = next;
  }
}
