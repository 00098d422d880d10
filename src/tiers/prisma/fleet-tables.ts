/** The columns of the two tables beside the sessions' own, whose names they extend: the highest ring of each namespace, and which pass may sweep it … */
export const RING_COLUMNS = {
  namespace: 'text',
  version: 'integer',
  fingerprint: 'bytes',
  sweep_pass: 'bytes',
  sweep_until: 'integer',
} as const;

/** … and the nodes that use rings. */
export const NODE_COLUMNS = {
  namespace: 'text',
  node_id: 'bytes',
  ring_version: 'integer',
  seen_at: 'integer',
  acknowledged_at: 'integer',
} as const;

/** What the statements of the fleet answer beside columns of the sessions. */
export type FleetColumnName =
  | keyof typeof RING_COLUMNS
  | keyof typeof NODE_COLUMNS
  | 'has_user'
  | 'is_alive'
  | 'is_ended';

export interface FleetTableNames {
  readonly ring: string;
  readonly node: string;
}

/** `table` is that of the sessions, and short enough for this (`prisma-options.ts`). */
export function fleetTableNames(table: string): FleetTableNames {
  return { ring: `${table}_ring`, node: `${table}_node` };
}
