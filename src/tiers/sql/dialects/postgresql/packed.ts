import { TierFailure } from '../../../../errors.ts';
import type { AnswerOf, Answers } from '../../rows/answers.ts';
import { ANSWER_COLUMNS, type AnswerColumn } from '../../columns.ts';
import type { Row } from '../../rows/rows.ts';
import { constant, type Fragment } from '../../tag.ts';

/**
 * Packs the answers of many calls into one text: the count of rows, then the rows end to end. A row is the number of its call
 * and its columns, integers in eight bytes, byte strings after their length. Prisma and the driver would make an object of
 * each value and convert bytes to hexadecimal and base64; they pass a text on as it is.
 */
export function packed(columns: readonly AnswerColumn[] = []): Fragment<unknown> {
  const values = ['int4send(n)', ...columns.map(packedColumn)].join(' || ');
  return constant(`encode(int4send(count(*)::integer) || COALESCE(string_agg(${values}, ''), ''), 'base64') AS packed`);
}

function packedColumn(column: AnswerColumn): string {
  if (ANSWER_COLUMNS[column] === 'integer') return `int8send(${column})`;
  const bytes = `int4send(octet_length(${column})) || ${column}`;
  return NULLABLE.has(column) ? `COALESCE(${bytes}, int4send(${NO_LENGTH}))` : bytes;
}

/** Columns that may be null: a session may have no user, and an envelope that the caller knows is not sent. */
const NULLABLE: ReadonlySet<AnswerColumn> = new Set(['user_key', 'envelope']);

/** Takes the answers of calls from a packed value. */
export function byNumber<Answer>(answerOf: AnswerOf<Answer>, columns: readonly AnswerColumn[] = []): Answers<Answer> {
  return (rows) => {
    const found = unpack(rows, columns);
    return (n) => answerOf(found.get(n), n);
  };
}

/** Returns the rows by the number of their call. Refuses all if one is missing, as a row with an unexpected null is. */
export function unpack([answer]: readonly Row[], columns: readonly AnswerColumn[] = []): ReadonlyMap<number, Row> {
  const text = answer?.['packed'];
  if (typeof text !== 'string') throw malformed();
  const reader = new Reader(Buffer.from(text, 'base64'));
  const count = reader.length();
  const rows = new Map<number, Row>();
  for (let read = 0; read < count && !reader.isAtEnd; read += 1) {
    const n = reader.length();
    const row: Record<string, unknown> = {};
    for (const column of columns)
      row[column] = ANSWER_COLUMNS[column] === 'integer' ? reader.integer() : reader.bytes();
    rows.set(n, row);
  }
  if (rows.size !== count || !reader.isAtEnd) throw malformed();
  return rows;
}

/** The length of a null. */
const NO_LENGTH = -1;

class Reader {
  readonly #packed: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#packed = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#packed.length;
  }

  length(): number {
    this.#require(4);
    const value = this.#packed.readInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  /** Reads an integer. Past 2^53 it is not exact, and `integer` of `rows.ts` refuses it. */
  integer(): number {
    this.#require(8);
    const high = this.#packed.readInt32BE(this.#at);
    const low = this.#packed.readUInt32BE(this.#at + 4);
    this.#at += 8;
    return high * 2 ** 32 + low;
  }

  bytes(): Buffer | null {
    const length = this.length();
    if (length === NO_LENGTH) return null;
    this.#require(length);
    const start = this.#at;
    this.#at += length;
    return this.#packed.subarray(start, this.#at);
  }

  #require(length: number): void {
    if (length < 0 || this.#at + length > this.#packed.length) throw malformed();
  }
}

/** The failure is ambiguous: the statement was executed and may have changed rows. */
function malformed(): TierFailure {
  return new TierFailure('ambiguous', 'malformed-row');
}
