import { TierFailure } from '../../../errors.ts';
import type { TierContext } from '../../context.ts';
import type { FleetNode, RingMark, WriteCommand } from '../../durable.ts';
import type { Row } from './row.ts';

/** The rows of one database, by storage key in hex. */
export type MemoryDatabase = Map<string, Row>;

/** The rows that one namespace keeps beside its sessions. */
export interface FleetTables {
  ring: RingMark | null;
  masters: string | null;
  sweep: { readonly passId: Buffer; readonly until: number } | null;
  /** The nodes by their id in hex. */
  readonly nodes: Map<string, FleetNode>;
}

/** The tables of one database as one tier sees them: its namespace, and the time by its platform. */
export class MemoryTables {
  readonly #rows: MemoryDatabase;
  #context: TierContext | undefined;

  constructor(rows: MemoryDatabase) {
    this.#rows = rows;
  }

  open(context: TierContext): void {
    this.#context = context;
  }

  close(): void {
    this.#context = undefined;
  }

  get namespace(): string {
    return this.#opened.namespace;
  }

  get fleet(): FleetTables {
    return fleetTablesOf(this.#rows, this.namespace);
  }

  now(): number {
    return this.#opened.platform.now();
  }

  isLate({ validUntil }: Pick<WriteCommand, 'validUntil'>): boolean {
    return validUntil !== null && this.now() > validUntil;
  }

  /** The row that has the storage key, in whatever namespace. */
  holderOf(storageKey: Buffer): Row | undefined {
    return this.#rows.get(storageKey.toString('hex'));
  }

  find(storageKey: Buffer): Row | undefined {
    const { namespace } = this;
    const row = this.holderOf(storageKey);
    return row?.namespace === namespace ? row : undefined;
  }

  /** The chosen rows of the namespace. Chosen before they are sorted: most polls of the feed choose none of many. */
  inOrder(isChosen: (row: Row) => boolean): Row[] {
    const { namespace } = this;
    return [...this.#rows.values()].filter((row) => row.namespace === namespace && isChosen(row)).sort(byStorageKey);
  }

  /** The next rows of all namespaces, and the storage key to go on after; null after the last row. */
  page(after: Buffer, limit: number): { seen: Row[]; next: Buffer | null } {
    const seen = [...this.#rows.values()]
      .sort(byStorageKey)
      .filter(({ storageKey }) => storageKey.compare(after) > 0)
      .slice(0, limit);
    const last = seen.length < limit ? undefined : seen.at(-1);
    return { seen, next: last ? Buffer.from(last.storageKey) : null };
  }

  /** Copies the buffers, which stay the caller's: a database would not notice either if they changed later. */
  store(row: Row): Row {
    const { storageKey, userKey, envelope, keyId, writeId } = row;
    const copy: Row = {
      ...row,
      storageKey: Buffer.from(storageKey),
      userKey: userKey && Buffer.from(userKey),
      envelope: Buffer.from(envelope),
      keyId: Buffer.from(keyId),
      writeId: Buffer.from(writeId),
      previousKeys: row.previousKeys.map((key) => Buffer.from(key)),
    };
    this.#rows.set(storageKey.toString('hex'), copy);
    return copy;
  }

  remove(storageKey: Buffer): void {
    this.#rows.delete(storageKey.toString('hex'));
  }

  /** The mark of a row after a write. A mark is never moved back, so that no node that has read further misses it. */
  markOf(row: Row, dirty: boolean): number | null {
    return dirty ? Math.max(row.dirtyAt ?? 0, this.now()) : row.dirtyAt;
  }

  get #opened(): TierContext {
    if (this.#context === undefined) throw new TierFailure('not-sent', 'not-open');
    return this.#context;
  }
}

function byStorageKey(a: Row, b: Row): number {
  return a.storageKey.compare(b.storageKey);
}

/** The tables beside the sessions, found by the map that holds those. */
const fleets = new WeakMap<MemoryDatabase, Map<string, FleetTables>>();

function fleetTablesOf(database: MemoryDatabase, namespace: string): FleetTables {
  const byNamespace = fleets.get(database) ?? new Map<string, FleetTables>();
  fleets.set(database, byNamespace);
  const tables = byNamespace.get(namespace) ?? {
    ring: null,
    masters: null,
    sweep: null,
    nodes: new Map<string, FleetNode>(),
  };
  byNamespace.set(namespace, tables);
  return tables;
}
