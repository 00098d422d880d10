import { TierFailure } from '../../../../errors.ts';
import type { SqlValue } from '../../dialect.ts';

/**
 * Many rows as five parameters, so that one text serves any number of them: bytes lie end to end in two of them, all
 * numbers are one array, column after column. One parameter a value costs the server more, and arrays of bytes, which
 * the driver writes as hexadecimal text, cost both sides more. The array is written here: Prisma and the driver would wrap
 * and quote each number by itself.
 */
export class Input<Row> {
  /** Where a statement finds the namespace. */
  static readonly NAMESPACE = '$1::text';

  readonly #rows: readonly Row[];
  readonly #namespace: string;
  readonly #columns: string[] = [];
  readonly #numbers: number[] = [];
  readonly #fixed: Uint8Array[] = [];
  #fixedWidth = 0;
  #varying: Uint8Array[] | undefined;
  #varyingLength = 0;

  constructor(namespace: string, rows: readonly Row[]) {
    this.#namespace = namespace;
    this.#rows = rows;
  }

  /** Bytes of one length; a value of another would move its neighbours. */
  fixed(name: string, width: number, of: (row: Row) => Uint8Array): this {
    for (const row of this.#rows) this.#fixed.push(ofWidth(width, of(row)));
    this.#columns.push(`substr($4::bytea, ${this.#fixedWidth} * size + ${width} * n + 1, ${width}) AS ${name}`);
    this.#fixedWidth += width;
    return this;
  }

  /** Bytes of any length, or null. */
  varying(name: string, of: (row: Row) => Uint8Array | null): this {
    const column = this.#rows.map(of);
    this.#varying ??= [];
    const start = this.#number(column.map((value) => this.#append(value)));
    const length = this.#number(column.map((value) => value?.length ?? NO_LENGTH));
    this.#columns.push(`substr($5::bytea, ${start}::integer, NULLIF(${length}, ${NO_LENGTH})::integer) AS ${name}`);
    return this;
  }

  integer(name: string, of: (row: Row) => number): this {
    this.#columns.push(`${this.#number(this.#rows.map(of))} AS ${name}`);
    return this;
  }

  flag(name: string, of: (row: Row) => boolean): this {
    this.#columns.push(`${this.#number(this.#rows.map((row) => Number(of(row))))} = 1 AS ${name}`);
    return this;
  }

  /** The rows with these columns. MATERIALIZED: taken apart once. */
  get cte(): string {
    return `input AS MATERIALIZED (
  SELECT ${['n', ...this.#columns].join(',\n    ')}
  FROM (SELECT $2::bigint[] AS numbers, $3::integer AS size) AS given, generate_series(0, $3::integer - 1) AS n
)`;
  }

  get values(): readonly SqlValue[] {
    const values = [this.#namespace, `{${this.#numbers.join(',')}}`, this.#rows.length, Buffer.concat(this.#fixed)];
    return this.#varying ? [...values, Buffer.concat(this.#varying)] : values;
  }

  /** Answers the expression for one more column of numbers. SQL counts from one. */
  #number(column: readonly number[]): string {
    const index = this.#numbers.length / this.#rows.length;
    for (const value of column) {
      if (!Number.isSafeInteger(value)) throw new TierFailure('rejected', 'value-refused');
      this.#numbers.push(value);
    }
    return `numbers[${index} * size + n + 1]`;
  }

  /** Answers where the value begins. SQL counts from one. */
  #append(value: Uint8Array | null): number {
    const start = this.#varyingLength + 1;
    if (value !== null) {
      this.#varying?.push(value);
      this.#varyingLength += value.length;
    }
    return start;
  }
}

/** Values of one length end to end. */
export function endToEnd(width: number, values: readonly Uint8Array[]): Buffer {
  return Buffer.concat(values.map((value) => ofWidth(width, value)));
}

function ofWidth(width: number, value: Uint8Array): Uint8Array {
  if (value.length !== width) throw new TierFailure('rejected', 'value-refused');
  return value;
}

/** Of a null; `substr` is strict. In an array with real nulls PostgreSQL would count the elements for each access. */
const NO_LENGTH = -1;
