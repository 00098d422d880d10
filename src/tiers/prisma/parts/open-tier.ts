import { TierFailure } from '../../../errors.ts';
import type { SharedCalls } from '../batch/shared-calls.ts';
import type { ClusterTime } from '../../sql/cluster/cluster-time.ts';
import type { Row } from '../../sql/rows/rows.ts';
import type { SchemaStatements } from '../../sql/schema.ts';
import type { Statements } from '../../sql/statements/statements.ts';
import type { StatementRunner } from '../statement-runner.ts';

/** The parts that exist from `open` to `close`. */
export interface OpenTier {
  readonly namespace: string;
  readonly runner: StatementRunner;
  readonly shared: SharedCalls;
  readonly statements: Statements;
  readonly schema: SchemaStatements;
  /** The time of a database that has several servers; undefined where one server's clock is the time. */
  readonly time: ClusterTime | undefined;
}

/** The open tier that its four parts share. */
export class OpenTierSlot {
  /** Undefined while the tier is not open. */
  current: OpenTier | undefined;

  /** @throws {TierFailure} the tier is not open. */
  get(): OpenTier {
    if (!this.current) throw notOpen();
    return this.current;
  }
}

export function notOpen(): TierFailure {
  return new TierFailure('not-sent', 'not-open');
}

/** Converts the only row of a statement; null where it returned none. */
export function firstAs<T>(convert: (row: Row) => T): (rows: readonly Row[]) => T | null {
  return ([row]) => (row ? convert(row) : null);
}
