import type { TouchCommand } from '../../../tier.ts';
import type { SqlValue } from '../../dialect.ts';

/**
 * Many touches as one parameter, so that one text serves any number of them. They are looked up one after the other, in
 * the order in which they are given here, by the primary key: without the two hints the server may read the whole table,
 * and lock all of it.
 */
export class Input {
  readonly #json: string;

  constructor(commands: readonly TouchCommand[]) {
    const inOrder = commands.toSorted((a, b) => a.storageKey.compare(b.storageKey));
    this.#json = JSON.stringify(
      inOrder.map(({ storageKey, lastSeenAt, idleExpiresAt, aliveAt }) => [
        storageKey.toString('hex'),
        lastSeenAt,
        idleExpiresAt,
        aliveAt,
      ]),
    );
  }

  get values(): SqlValue[] {
    return [this.#json];
  }

  /** `table` is quoted. */
  joined(table: string): string {
    return `JSON_TABLE(?, '$[*]' COLUMNS (
  storage_key CHAR(64) PATH '$[0]', last_seen_at BIGINT PATH '$[1]', idle_expires_at BIGINT PATH '$[2]', alive_at BIGINT PATH '$[3]'
)) AS input STRAIGHT_JOIN ${table} AS session FORCE INDEX (PRIMARY) ON session.storage_key = UNHEX(input.storage_key)`;
  }
}
