import { TierFailure } from '../../errors.ts';
import { HOLD_TTL_MS, LEASE_TTL_MS } from '../../limits/primary-tier.ts';
import type { TierContext } from '../context.ts';
import { MAIN_SHARD, oneServerTier, type PrimaryServer } from '../one-server.ts';
import type { NewValue, PrimaryEntry, PrimaryTier, PrimaryValue, RestampCommand, Vantage } from '../primary.ts';
import { RedisConnection, type ServerConnection } from './connection/connection.ts';
import { encodeHeader, encodeRevision, encodeToken, encodeTtl, encodeValue } from './entry-format.ts';
import { KeyNames } from './key-names.ts';
import { resolveRedisOptions, type RedisTierOptions, type ResolvedRedisOptions } from './options/redis-options.ts';
import { SentinelConnection } from './sentinel/sentinel-connection.ts';

/**
 * Redis or Valkey as the primary tier, over TLS, with authentication: one server, or the master that Sentinels name. Connects
 * when the session client opens it.
 *
 * @throws {ConfigurationError} an option is missing, malformed or unsafe.
 * @example
 * const primary = redisTier({ url: 'rediss://redis.internal:6379', username: 'shop', password, tls: { ca } });
 */
export function redisTier(options: RedisTierOptions): PrimaryTier {
  return oneServerTier('redis', new SingleRedis(resolveRedisOptions(options)));
}

const LEASE_TTL = encodeTtl(LEASE_TTL_MS);
const HOLD_TTL = encodeTtl(HOLD_TTL_MS);

interface Opened {
  readonly connection: ServerConnection;
  readonly keys: KeyNames;
}

/** Each method is its part of one command: an MGET, or a script. `scripts/` says what they do. */
export class SingleRedis implements PrimaryServer {
  readonly name: string = MAIN_SHARD;
  readonly #options: ResolvedRedisOptions;
  #opened: Opened | undefined;

  constructor(options: ResolvedRedisOptions) {
    this.#options = options;
  }

  async open(context: TierContext, onChange: () => void): Promise<void> {
    this.#opened?.connection.close();
    const keys = new KeyNames(context.namespace);
    const connection = connectionOf(this.#options, context, keys.probe, onChange);
    this.#opened = { connection, keys };
    await connection.open();
  }

  vantage(): Vantage | null {
    return this.#opened?.connection.vantage() ?? null;
  }

  failure(): TierFailure | null {
    return this.#opened === undefined ? notOpen() : this.#opened.connection.failure();
  }

  async probe(): Promise<void> {
    await this.#requireOpened().connection.probe();
  }

  async confirm(): Promise<void> {
    await this.#requireOpened().connection.confirm();
  }

  read(storageKey: Buffer): Promise<PrimaryEntry> {
    if (this.#opened === undefined) return Promise.reject(notOpen());
    const { connection, keys } = this.#opened;
    return connection.read(keys.session(storageKey));
  }

  async lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean> {
    const { connection, keys } = this.#requireOpened();
    const header = over === null ? '' : encodeHeader(over);
    return connection.run('holdfastLease', keys.session(storageKey), LEASE_TTL, encodeToken(token), header);
  }

  async fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean> {
    const { connection, keys } = this.#requireOpened();
    const ttl = encodeTtl(value.ttlMs);
    return connection.run('holdfastFill', keys.session(storageKey), ttl, encodeToken(token), encodeValue(value));
  }

  async publish(storageKey: Buffer, value: NewValue): Promise<boolean> {
    const { connection, keys } = this.#requireOpened();
    return connection.run('holdfastPublish', keys.session(storageKey), encodeTtl(value.ttlMs), encodeValue(value));
  }

  async restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean> {
    const { connection, keys } = this.#requireOpened();
    const header = encodeHeader(command);
    return connection.run('holdfastRestamp', keys.session(storageKey), encodeTtl(command.ttlMs), header, command.tag);
  }

  async evict(storageKey: Buffer, belowRevision: number): Promise<void> {
    const { connection, keys } = this.#requireOpened();
    await connection.run('holdfastEvict', keys.session(storageKey), encodeRevision(belowRevision));
  }

  async hold(storageKey: Buffer): Promise<void> {
    const { connection, keys } = this.#requireOpened();
    await connection.run('holdfastHold', keys.session(storageKey), HOLD_TTL);
  }

  async tombstone(storageKey: Buffer, ttlMs: number): Promise<void> {
    const { connection, keys } = this.#requireOpened();
    await connection.run('holdfastTombstone', keys.session(storageKey), encodeTtl(ttlMs));
  }

  async close(): Promise<void> {
    this.#opened?.connection.close();
    this.#opened = undefined;
  }

  #requireOpened(): Opened {
    if (this.#opened === undefined) throw notOpen();
    return this.#opened;
  }
}

function connectionOf(
  { topology, ...access }: ResolvedRedisOptions,
  context: TierContext,
  probeKey: string,
  onChange: () => void,
): ServerConnection {
  return topology.kind === 'sentinel'
    ? new SentinelConnection({ topology, access, context, probeKey, onChange })
    : new RedisConnection({ ...access, ...topology }, context, probeKey, onChange);
}

function notOpen(): TierFailure {
  return new TierFailure('not-sent', 'not-open');
}
