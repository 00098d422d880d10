import { TierFailure } from '../../errors.ts';
import { HOLD_TTL_MS, LEASE_TTL_MS } from '../../limits/primary-tier.ts';
import type { NewValue, PrimaryEntry, PrimaryShard, PrimaryValue, RestampCommand, Vantage } from '../primary.ts';
import type { ServerConnection } from './connection/connection.ts';
import { encodeHeader, encodeRevision, encodeToken, encodeTtl, encodeValue } from './entry-format.ts';
import type { KeyNames } from './key-names.ts';

const LEASE_TTL = encodeTtl(LEASE_TTL_MS);
const HOLD_TTL = encodeTtl(HOLD_TTL_MS);

/** The server that a shard's commands go to. */
export type ShardServer = Omit<ServerConnection, 'close' | 'open'>;

export interface Opened {
  readonly server: ShardServer;
  readonly keys: KeyNames;
}

/** Each method is its part of one command: a read, or a script. `scripts/` says what they do. */
export abstract class RedisShard implements PrimaryShard {
  abstract readonly name: string;
  /** Undefined until the shard is opened. */
  protected abstract readonly opened: Opened | undefined;

  vantage(): Vantage | null {
    return this.opened?.server.vantage() ?? null;
  }

  failure(): TierFailure | null {
    return this.opened === undefined ? notOpen() : this.opened.server.failure();
  }

  async probe(): Promise<void> {
    await this.#requireOpened().server.probe();
  }

  async confirm(): Promise<void> {
    await this.#requireOpened().server.confirm();
  }

  read(storageKey: Buffer): Promise<PrimaryEntry> {
    if (this.opened === undefined) return Promise.reject(notOpen());
    const { server, keys } = this.opened;
    return server.read(keys.session(storageKey));
  }

  async lease(storageKey: Buffer, token: string, over: PrimaryValue | null): Promise<boolean> {
    const { server, keys } = this.#requireOpened();
    const header = over === null ? '' : encodeHeader(over);
    return server.run('holdfastLease', keys.session(storageKey), LEASE_TTL, encodeToken(token), header);
  }

  async fill(storageKey: Buffer, token: string, value: NewValue): Promise<boolean> {
    const { server, keys } = this.#requireOpened();
    const ttl = encodeTtl(value.ttlMs);
    return server.run('holdfastFill', keys.session(storageKey), ttl, encodeToken(token), encodeValue(value));
  }

  async publish(storageKey: Buffer, value: NewValue): Promise<boolean> {
    const { server, keys } = this.#requireOpened();
    return server.run('holdfastPublish', keys.session(storageKey), encodeTtl(value.ttlMs), encodeValue(value));
  }

  async restamp(storageKey: Buffer, command: RestampCommand): Promise<boolean> {
    const { server, keys } = this.#requireOpened();
    const header = encodeHeader(command);
    return server.run('holdfastRestamp', keys.session(storageKey), encodeTtl(command.ttlMs), header, command.tag);
  }

  async evict(storageKey: Buffer, belowRevision: number): Promise<void> {
    const { server, keys } = this.#requireOpened();
    await server.run('holdfastEvict', keys.session(storageKey), encodeRevision(belowRevision));
  }

  async hold(storageKey: Buffer): Promise<void> {
    const { server, keys } = this.#requireOpened();
    await server.run('holdfastHold', keys.session(storageKey), HOLD_TTL);
  }

  async tombstone(storageKey: Buffer, ttlMs: number): Promise<void> {
    const { server, keys } = this.#requireOpened();
    await server.run('holdfastTombstone', keys.session(storageKey), encodeTtl(ttlMs));
  }

  #requireOpened(): Opened {
    if (this.opened === undefined) throw notOpen();
    return this.opened;
  }
}

function notOpen(): TierFailure {
  return new TierFailure('not-sent', 'not-open');
}
