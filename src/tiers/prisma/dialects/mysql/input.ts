import type { SqlValue } from '../../dialect.ts';

interface Column<Row> {
  readonly name: string;
  readonly type: string;
  readonly of: (row: Row) => number | string | null;
}

/**
 * Many rows as one parameter, so that one text serves any number of them. Bytes are hexadecimal. They are looked up one
 * after the other, in the order of their keys, by the primary key: without hints the server may read the whole table, and
 * lock all of it.
 */
export class Input<Row> {
  readonly #rows: readonly Row[];
  readonly #columns: Column<Row>[] = [];
  readonly #last: Readonly<Record<string, number>> | undefined;

  /** `last` is one more row, without a key and with these columns. */
  constructor(rows: readonly Row[], storageKeyOf: (row: Row) => Buffer, last?: Readonly<Record<string, number>>) {
    this.#rows = rows.toSorted((a, b) => storageKeyOf(a).compare(storageKeyOf(b)));
    this.#last = last;
    this.bytes('storage_key', storageKeyOf);
  }

  bytes(name: string, of: (row: Row) => Buffer | null): this {
    return this.#column({ name, type: 'LONGTEXT', of: (row) => of(row)?.toString('hex') ?? null });
  }

  integer(name: string, of: (row: Row) => number): this {
    return this.#column({ name, type: 'BIGINT', of });
  }

  get values(): SqlValue[] {
    const rows = this.#rows.map((row) => this.#columns.map(({ of }) => of(row)));
    if (this.#last) rows.push(this.#columns.map(({ name }) => this.#last?.[name] ?? null));
    return [JSON.stringify(rows)];
  }

  /** `table` is quoted. */
  joined(join: 'LEFT JOIN' | 'STRAIGHT_JOIN', table: string): string {
    const columns = this.#columns.map(({ name, type }, index) => `${name} ${type} PATH '$[${index}]'`);
    return `JSON_TABLE(?, '$[*]' COLUMNS (
  ${columns.join(', ')}
)) AS input ${join} ${table} AS session FORCE INDEX (PRIMARY) ON session.storage_key = UNHEX(input.storage_key)`;
  }

  #column(column: Column<Row>): this {
    this.#columns.push(column);
    return this;
  }
}
