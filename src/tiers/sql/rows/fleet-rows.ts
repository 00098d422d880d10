import type { EndedPage, FleetNode, FleetView, RingMark, WalkedRow, WalkPage } from '../../durable.ts';
import type { ClusterTime } from '../cluster/cluster-time.ts';
import { bytes, integer, presentOf, type Row, text } from './rows.ts';

/** Converts a page of a walk. If it has fewer rows than were asked for, the table ends here. */
export function toWalkPage(rows: readonly Row[], limit: number): WalkPage {
  return { rows: rows.filter((row) => integer(row, 'is_alive') === 1).map(toWalkedRow), next: nextOf(rows, limit) };
}

export function toEndedPage(rows: readonly Row[], limit: number): EndedPage {
  const ended = rows.filter((row) => integer(row, 'is_ended') === 1);
  return {
    storageKeys: ended.map((row) => bytes(row, 'storage_key')),
    scanned: rows.length,
    next: nextOf(rows, limit),
  };
}

function nextOf(rows: readonly Row[], limit: number): Buffer | null {
  const last = rows.length < limit ? undefined : rows.at(-1);
  return last ? bytes(last, 'storage_key') : null;
}

function toWalkedRow(row: Row): WalkedRow {
  return {
    storageKey: bytes(row, 'storage_key'),
    keyId: bytes(row, 'key_id'),
    hasUser: integer(row, 'has_user') === 1,
  };
}

/** Converts the row of a statement that raised a ring; there is always one. */
export function toRaisedRing([row]: readonly Row[]): RingMark {
  return toRingMark(row ?? {});
}

/** Every row holds the clock, the ring and the masters that count; the only row of a fleet without nodes holds nothing else. */
export function toFleetView(rows: readonly Row[], time?: ClusterTime): FleetView {
  const [first = {}] = rows;
  return {
    now: presentOf(first, time),
    ring: first['version'] === null ? null : toRingMark(first),
    masters: first['named'] === null ? null : text(first, 'named'),
    nodes: rows.filter((row) => row['node_id'] !== null).map(toFleetNode),
  };
}

function toRingMark(row: Row): RingMark {
  return { version: integer(row, 'version'), fingerprint: bytes(row, 'fingerprint') };
}

function toFleetNode(row: Row): FleetNode {
  return {
    nodeId: bytes(row, 'node_id'),
    ringVersion: integer(row, 'ring_version'),
    beat: integer(row, 'beat'),
    masters: text(row, 'masters'),
    seenAt: integer(row, 'seen_at'),
    acknowledgedAt: integer(row, 'acknowledged_at'),
  };
}
