import type { SqlValue } from '../../dialect.ts';
import { placeholders } from './sql.ts';

/** Many rows as a list of VALUES: SQLite compiles each statement anew, and has nothing to take a parameter apart with. */
export class Input<Row> {
  readonly #rows: readonly Row[];
  readonly #columns: { readonly name: string; readonly of: (row: Row) => SqlValue }[] = [];

  constructor(rows: readonly Row[]) {
    this.#rows = rows;
  }

  column(name: string, of: (row: Row) => SqlValue): this {
    this.#columns.push({ name, of });
    return this;
  }

  get values(): SqlValue[] {
    return this.#rows.flatMap((row) => this.#columns.map(({ of }) => of(row)));
  }

  /** The rows with all the columns above. */
  get cte(): string {
    const row = `(${placeholders(this.#columns)})`;
    return `input (${this.#columns.map(({ name }) => name).join(', ')}) AS (
  VALUES ${this.#rows.map(() => row).join(', ')}
)`;
  }
}
