import type {
  EndedPage,
  FindEndedCommand,
  MoveUserKeyCommand,
  RemoveEndedCommand,
  SweepClaim,
  Upkeep,
  WalkCommand,
  WalkPage,
} from '../../durable.ts';
import { isAlive, isOver } from './row.ts';
import type { MemoryTables } from './tables.ts';

export class MemoryUpkeep implements Upkeep {
  readonly #tables: MemoryTables;

  constructor(tables: MemoryTables) {
    this.#tables = tables;
  }

  async walk({ after, limit, aliveAt }: WalkCommand): Promise<WalkPage> {
    const { namespace } = this.#tables;
    const { seen, next } = this.#tables.page(after, limit);
    const rows = seen
      .filter((row) => row.namespace === namespace && isAlive(row, aliveAt))
      .map(({ storageKey, keyId, userKey }) => ({
        storageKey: Buffer.from(storageKey),
        keyId: Buffer.from(keyId),
        hasUser: userKey !== null,
      }));
    return { rows, next };
  }

  async moveUserKey({ storageKey, from, to }: MoveUserKeyCommand): Promise<boolean> {
    const row = this.#tables.find(storageKey);
    if (!row || row.revokedAt !== null || !row.userKey?.equals(from)) return false;
    this.#tables.store({ ...row, userKey: to });
    return true;
  }

  async claimSweep({ passId, forMs }: SweepClaim): Promise<boolean> {
    const { fleet } = this.#tables;
    const now = this.#tables.now();
    if (fleet.ring === null) return false;
    if (fleet.sweep !== null && fleet.sweep.until > now && !fleet.sweep.passId.equals(passId)) return false;
    fleet.sweep = { passId: Buffer.from(passId), until: now + forMs };
    return true;
  }

  async findEnded({ after, limit, ...bounds }: FindEndedCommand): Promise<EndedPage> {
    const { namespace } = this.#tables;
    const { seen, next } = this.#tables.page(after, limit);
    const ended = seen.filter((row) => row.namespace === namespace && isOver(row, bounds));
    return { storageKeys: ended.map(({ storageKey }) => Buffer.from(storageKey)), scanned: seen.length, next };
  }

  async removeEnded({ storageKeys, ...bounds }: RemoveEndedCommand): Promise<number> {
    const ended = storageKeys.filter((storageKey) => {
      const row = this.#tables.find(storageKey);
      return row !== undefined && isOver(row, bounds);
    });
    for (const storageKey of ended) this.#tables.remove(storageKey);
    return ended.length;
  }
}
