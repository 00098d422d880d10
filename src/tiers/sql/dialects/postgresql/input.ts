import { TierFailure } from '../../../../errors.ts';
import {
  type Bytes,
  bytes,
  type ColumnValue,
  type Columns,
  constant,
  type Fragment,
  join,
  type Part,
  type Reader,
  sql,
  type Value,
} from '../../tag.ts';

/**
 * Makes the calls rows of a common table expression, `input`, numbered by `n`. The calls are four parameters, so that one
 * text serves any number: two of bytes end to end, one array of all numbers, column after column, and the count. A parameter
 * for each value costs the server more; arrays of bytes, which the driver writes as hexadecimal text, cost both sides more.
 * The array is sent as text: Prisma and the driver would wrap and quote each number by itself.
 */
export function input<Command>(columns: Columns<Command>): Fragment<readonly Command[]> {
  const values = Object.values(columns);
  const fixed = bytes(endToEnd(values.filter((value) => isBytes(value)).filter(({ width }) => width !== undefined)));
  const varying = bytes(endToEnd(values.filter((value) => isBytes(value)).filter(({ width }) => width === undefined)));
  const numbers: Value<readonly Command[]> = { kind: 'value', type: 'integer[]', read: numbersOf(values) };
  const size = count<Command>();
  const places = new Places();
  const selected = Object.entries(columns).map(([name, value]): Part<readonly Command[]> => {
    if (value.type === 'flag') return constant(`${places.number()} = 1 AS ${name}`);
    if (value.type === 'integer') return constant(`${places.number()} AS ${name}`);
    if (value.width !== undefined)
      return sql`substr(${fixed}, ${constant(places.bytes(value.width))}) AS ${constant(name)}`;
    const [start, length] = [places.number(), places.number()];
    const place = constant(`${start}::integer, NULLIF(${length}, ${NO_LENGTH})::integer`);
    return sql`substr(${varying}, ${place}) AS ${constant(name)}`;
  });
  // MATERIALIZED, so that the parameters are taken apart once.
  return sql`
    input AS MATERIALIZED (
      SELECT ${join([constant('n'), ...selected], ',\n  ')}
      FROM (SELECT ${numbers} AS numbers, ${size} AS size) AS given, generate_series(0, ${size} - 1) AS n
    )`;
}

/** The number of calls. */
export function count<Command>(): Value<readonly Command[]> {
  return { kind: 'value', type: 'count', read: (commands) => commands.length };
}

/** Joins the bytes of all calls, column after column. Refuses a value of the wrong width, which would shift the others. */
export function endToEnd<Command>(columns: readonly Bytes<Command>[]): Reader<readonly Command[], Buffer> {
  return (commands, namespace) =>
    Buffer.concat(
      columns.flatMap(({ read, width }) =>
        commands.map((command) => {
          const value = read(command, namespace) ?? NONE;
          if (width !== undefined && value.length !== width) throw refused();
          return value;
        }),
      ),
    );
}

/** The places of a call's values in SQL, which counts from one. */
class Places {
  #numbers = 0;
  #bytes = 0;

  number(): string {
    const column = this.#numbers;
    this.#numbers += 1;
    return `numbers[${column} * size + n + 1]`;
  }

  bytes(width: number): string {
    const before = this.#bytes;
    this.#bytes += width;
    return `${before} * size + ${width} * n + 1, ${width}`;
  }
}

/** The numbers in the order in which `Places` counts; for bytes of any length, their beginning and their length. */
function numbersOf<Command>(columns: readonly ColumnValue<Command>[]): Reader<readonly Command[], string> {
  return (commands, namespace) => {
    const numbers: number[] = [];
    let start = 1;
    for (const column of columns) {
      if (!isBytes(column)) {
        for (const command of commands) numbers.push(whole(Number(column.read(command, namespace))));
      } else if (column.width === undefined) {
        const lengths = commands.map((command) => column.read(command, namespace)?.length ?? NO_LENGTH);
        for (const length of lengths) {
          numbers.push(start);
          start += Math.max(length, 0);
        }
        numbers.push(...lengths);
      }
    }
    return `{${numbers.join(',')}}`;
  };
}

function isBytes<Command>(value: ColumnValue<Command>): value is Bytes<Command> {
  return value.type === 'bytes';
}

function whole(value: number): number {
  if (!Number.isSafeInteger(value)) throw refused();
  return value;
}

function refused(): TierFailure {
  return new TierFailure('rejected', 'value-refused');
}

/**
 * The length of a null, for which the strict `substr` returns null. In an array with real nulls PostgreSQL would count the
 * elements at each access.
 */
const NO_LENGTH = -1;
const NONE: Buffer = Buffer.alloc(0);
