import { ENVELOPE_TAG_BYTES } from '../../../../limits/codec.ts';
import type { SealedRecord } from '../../../../session/sealed-record.ts';
import { byStorageKey, ofOne, recordOrNull } from '../../rows/answers.ts';
import { type ColumnName, RECORD_COLUMNS } from '../../columns.ts';
import { selectByKeys } from '../../dialects/postgresql/by-keys.ts';
import { endToEnd } from '../../dialects/postgresql/input.ts';
import { byNumber } from '../../dialects/postgresql/packed.ts';
import { envelopeUnless, tagOf as tagOfRow } from '../../phrases/envelope.ts';
import { type ReadRequest, tagOf, toRecord } from '../../rows/rows.ts';
import { type Answered, either, shared, type SharedFor } from '../../wording.ts';
import {
  bytes,
  constant,
  each,
  fixedBytes,
  type Fragment,
  join,
  namespace,
  oneOf,
  type Part,
  sessions,
  sql,
} from '../../tag.ts';

type Requests = readonly ReadRequest[];

const storageKey = ({ storageKey: key }: ReadRequest): Buffer => key;
const isKnown = (request: ReadRequest): boolean => tagOf(request) !== null;
const areKnown = (requests: Requests): boolean => requests.some(isKnown);

const whole = constant('envelope');
const unlessKnown = envelopeUnless(sql<ReadRequest>`${tagOfRow()} = ${bytes(tagOf)}`);

const one = (envelope: Part<ReadRequest>): Fragment<ReadRequest> => sql`
  SELECT ${recordWith(envelope)} FROM ${sessions}
  WHERE storage_key = ${bytes(storageKey)} AND namespace = ${namespace} AND revoked_at IS NULL`;

/** The storage keys whose envelopes are known, each with its tag. */
const known = each((requests: Requests) => requests.filter(isKnown), sql`(${bytes(storageKey)}, ${bytes(tagOf)})`);

const many = (envelope: Part<Requests>): Fragment<Requests> => sql`
  SELECT ${recordWith(envelope)} FROM ${sessions}
  WHERE storage_key ${oneOf((requests: Requests) => requests.map(storageKey))} AND namespace = ${namespace} AND revoked_at IS NULL`;

const manyByKey = (isOneOfKnown: Part<Requests>): Answered<ReadRequest, Requests, SealedRecord | null> => ({
  wording: either(areKnown, many(envelopeUnless(isOneOfKnown)), many(whole)),
  answers: (requests) => byStorageKey(requests.map(storageKey), recordOrNull(requests)),
});

/** A tag that no envelope has, except with a probability of 2^-128. */
const NO_TAG: Buffer = Buffer.alloc(ENVELOPE_TAG_BYTES);
const tags = bytes(endToEnd([fixedBytes(ENVELOPE_TAG_BYTES, (request: ReadRequest) => tagOf(request) ?? NO_TAG)]));
const width = constant(ENVELOPE_TAG_BYTES);
const tagOfCall = sql<Requests>`substr(${tags}, ${width} * n + 1, ${width})`;

/** The columns to send beside the envelope. The caller has the storage key. */
const SENT_COLUMNS: readonly ColumnName[] = RECORD_COLUMNS.filter(
  (column) => column !== 'storage_key' && column !== 'envelope',
);

/** Reads sessions that are not revoked. The envelope is NULL if the caller has it already, by its tag. */
export const read: SharedFor<ReadRequest, SealedRecord | null> = shared({
  postgresql: {
    one: {
      wording: either(isKnown, one(unlessKnown), one(whole)),
      answers: (requests) => ofOne(recordOrNull(requests)),
    },
    many: {
      wording: either(
        areKnown,
        selectByKeys(storageKey, SENT_COLUMNS, envelopeUnless(sql<Requests>`${tagOfRow()} = ${tagOfCall}`)),
        selectByKeys(storageKey, SENT_COLUMNS, whole),
      ),
      answers: (requests) =>
        byNumber(
          (row, n) => {
            const request = requests[n];
            return row && request ? toRecord(row, request.known, Buffer.from(request.storageKey)) : null;
          },
          [...SENT_COLUMNS, 'envelope'],
        ),
    },
  },
  mysql: { many: manyByKey(sql`(storage_key, ${tagOfRow()}) IN (${known})`) },
  sqlite: { many: manyByKey(sql`(storage_key, ${tagOfRow()}) IN (VALUES ${known})`) },
});

function recordWith<Command>(envelope: Part<Command>): Fragment<Command> {
  return join(
    RECORD_COLUMNS.map((name) => (name === 'envelope' ? envelope : constant(name))),
    ', ',
  );
}
