import { TierFailure } from '../../../errors.ts';
import type { RecordState, SealedRecord } from '../../../session/sealed-record.ts';
import type {
  InsertCommand,
  InsertOutcome,
  MovedRow,
  RegenerateCommand,
  RevokeCommand,
  RevokedRow,
  RevokeManyCommand,
  RevokeManyOutcome,
  Sessions,
  TouchCommand,
  UpdateCommand,
} from '../../durable.ts';
import { type Row, toRecord, toRevokedRow } from '../../sql/rows/rows.ts';
import type { SharedCalls } from '../batch/shared-calls.ts';
import { isTooLate } from '../failure.ts';
import { firstAs, notOpen, type OpenTierSlot } from './open-tier.ts';

export class PrismaSessions implements Sessions {
  readonly #tier: OpenTierSlot;

  constructor(tier: OpenTierSlot) {
    this.#tier = tier;
  }

  insert(command: InsertCommand): Promise<InsertOutcome> {
    return this.#share(({ insert }) => insert.run(command));
  }

  read(storageKey: Buffer, known?: Buffer): Promise<SealedRecord | null> {
    return this.#share(({ read }) => read.run({ storageKey, known }));
  }

  readState(storageKey: Buffer): Promise<RecordState | null> {
    return this.#share(({ readState }) => readState.run(storageKey));
  }

  update(command: UpdateCommand): Promise<boolean> {
    return this.#share(({ update }) => update.run(command));
  }

  async regenerate(command: RegenerateCommand): Promise<boolean> {
    const { namespace, runner, statements } = this.#tier.get();
    return (await runner.count(statements.sessions.regenerate(namespace, command))) === 1;
  }

  touch(command: TouchCommand): Promise<RecordState | null> {
    return this.#share(({ touch }) => touch.run(command));
  }

  async revoke(command: RevokeCommand): Promise<RevokedRow | null> {
    const { namespace, runner, statements } = this.#tier.get();
    return runner.rows(statements.sessions.revoke(namespace, command), firstAs(toRevokedRow));
  }

  async revokeMany(command: RevokeManyCommand): Promise<RevokeManyOutcome> {
    const { namespace, runner, statements } = this.#tier.get();
    if (isNobody(command.of)) return [];
    return runner.rows(statements.sessions.revokeMany(namespace, command), toRevokeManyOutcome).catch(whenLate);
  }

  async listByUser(userKeys: readonly Buffer[], after: Buffer, limit: number): Promise<SealedRecord[]> {
    const { namespace, runner, statements } = this.#tier.get();
    if (isNobody(userKeys)) return [];
    return runner.rows(statements.sessions.listByUser(namespace, { userKeys, after, limit }), (rows) =>
      rows.map((row) => toRecord(row)),
    );
  }

  findRegenerated(previousStorageKey: Buffer, since: number): Promise<MovedRow | null> {
    return this.#share(({ findRegenerated }) => findRegenerated.run({ previousStorageKey, since }));
  }

  /** Makes a call that may share a statement. Not async, which would make one more promise of nearly every call that a tier gets. */
  #share<Answer>(call: (shared: SharedCalls) => Promise<Answer>): Promise<Answer> {
    const { current } = this.#tier;
    return current === undefined ? Promise.reject(notOpen()) : call(current.shared);
  }
}

/** Returns the outcome of a statement that found only halfway that it was too late, and changed nothing. */
function whenLate(error: unknown): 'late' {
  if (isTooLate(error)) return 'late';
  throw error;
}

/** A row without deadlines moved away, or was ended, before it could be revoked; the repeated statement finds what is left. */
function toRevokeManyOutcome(rows: readonly Row[]): RevokeManyOutcome {
  if (rows.some((row) => Boolean(row['is_late']))) return 'late';
  if (rows.some((row) => row['absolute_expires_at'] === null)) throw new TierFailure('ambiguous', 'rows-moved');
  return rows.map(toRevokedRow).sort((a, b) => a.storageKey.compare(b.storageKey));
}

function isNobody(userKeys: readonly Buffer[] | 'everyone'): boolean {
  return userKeys !== 'everyone' && userKeys.length === 0;
}
