export type ColumnType = 'bytes' | 'integer' | 'text';

/** The columns of the newest migration. `open` compares them with the database. */
export const COLUMNS = {
  storage_key: 'bytes',
  namespace: 'text',
  user_key: 'bytes',
  revision: 'integer',
  write_id: 'bytes',
  envelope: 'bytes',
  key_id: 'bytes',
  created_at: 'integer',
  last_seen_at: 'integer',
  idle_lifetime: 'integer',
  idle_expires_at: 'integer',
  absolute_expires_at: 'integer',
  revoked_at: 'integer',
  dirty_at: 'integer',
  rotated_at: 'integer',
  previous_keys: 'bytes',
} as const;

export type ColumnName = keyof typeof COLUMNS;

/** A column that statements answer of a row, or the tag of its envelope. */
export type AnswerColumn = ColumnName | 'tag';

export const ANSWER_COLUMNS: Readonly<Record<AnswerColumn, ColumnType>> = { ...COLUMNS, tag: 'bytes' };

export const STATE_COLUMNS: readonly AnswerColumn[] = [
  'revision',
  'tag',
  'key_id',
  'last_seen_at',
  'idle_expires_at',
  'absolute_expires_at',
];

export const RECORD_COLUMNS: readonly ColumnName[] = [
  'storage_key',
  'user_key',
  'revision',
  'envelope',
  'key_id',
  'created_at',
  'last_seen_at',
  'idle_lifetime',
  'idle_expires_at',
  'absolute_expires_at',
];

/** The columns that show which session has a storage key and whether it is alive. */
export const HOLDER_COLUMNS: readonly ColumnName[] = [
  'storage_key',
  'write_id',
  'revoked_at',
  'idle_expires_at',
  'absolute_expires_at',
];

export const FEED_COLUMNS: readonly ColumnName[] = [
  'storage_key',
  'dirty_at',
  'revision',
  'revoked_at',
  'absolute_expires_at',
  'previous_keys',
];

/** Columns that `insert` fills; the others have defaults or are null. */
export const INSERT_COLUMNS: readonly ColumnName[] = [
  'storage_key',
  'namespace',
  'user_key',
  'revision',
  'write_id',
  'envelope',
  'key_id',
  'created_at',
  'last_seen_at',
  'idle_lifetime',
  'idle_expires_at',
  'absolute_expires_at',
  'previous_keys',
];

/** Columns that any statement of the tier changes. */
export const UPDATE_COLUMNS: readonly ColumnName[] = [
  ...INSERT_COLUMNS.filter((column) => column !== 'namespace'),
  'revoked_at',
  'dirty_at',
  'rotated_at',
];

/** The highest ring of each namespace, the pass that may sweep the namespace, and the servers of the primary tier that count. */
export const RING_COLUMNS = {
  namespace: 'text',
  version: 'integer',
  fingerprint: 'bytes',
  sweep_pass: 'bytes',
  sweep_until: 'integer',
  masters: 'text',
} as const;

/** The nodes, their rings and reports. */
export const NODE_COLUMNS = {
  namespace: 'text',
  node_id: 'bytes',
  ring_version: 'integer',
  seen_at: 'integer',
  acknowledged_at: 'integer',
  beat: 'integer',
  masters: 'text',
} as const;

/** A column that the statements of fleet and upkeep answer beside those of the sessions. */
export type FleetColumnName =
  | keyof typeof RING_COLUMNS
  | keyof typeof NODE_COLUMNS
  | 'has_user'
  | 'is_alive'
  | 'is_ended'
  | 'named'
  | 'report';
