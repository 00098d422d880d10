import type { RecordState } from '../../../../session/sealed-record.ts';
import { byStorageKey, ofOne, stateOrNull } from '../../rows/answers.ts';
import { STATE_COLUMNS } from '../../columns.ts';
import { selectByKeys } from '../../dialects/postgresql/by-keys.ts';
import { byNumber } from '../../dialects/postgresql/packed.ts';
import { columns } from '../../phrases/envelope.ts';
import { type Answered, shared, type SharedFor } from '../../wording.ts';
import { bytes, namespace, oneOf, sessions, sql } from '../../tag.ts';

const many: Answered<Buffer, readonly Buffer[], RecordState | null> = {
  wording: sql<readonly Buffer[]>`
    SELECT ${columns(['storage_key', ...STATE_COLUMNS])} FROM ${sessions}
    WHERE storage_key ${oneOf((storageKeys) => storageKeys)} AND namespace = ${namespace} AND revoked_at IS NULL`,
  answers: (storageKeys) => byStorageKey(storageKeys, stateOrNull),
};

/** Reads what `read` reads, with the tag instead of the envelope. */
export const readState: SharedFor<Buffer, RecordState | null> = shared({
  postgresql: {
    one: {
      wording: sql<Buffer>`
        SELECT ${columns(STATE_COLUMNS)} FROM ${sessions}
        WHERE storage_key = ${bytes((storageKey) => storageKey)} AND namespace = ${namespace} AND revoked_at IS NULL`,
      answers: () => ofOne(stateOrNull),
    },
    many: {
      wording: selectByKeys((storageKey) => storageKey, STATE_COLUMNS),
      answers: () => byNumber(stateOrNull, STATE_COLUMNS),
    },
  },
  mysql: { many },
  sqlite: { many },
});
