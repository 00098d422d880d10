import { createHash } from 'node:crypto';
import { TierFailure } from '../../../errors.ts';
import { adviceFor } from '../advice.ts';
import { INCARNATION_CHARS } from '../entry-format.ts';

/**
 * Returns the incarnation of the server that gave this INFO reply. Throws unless that server may serve: a master, loaded.
 *
 * `run_id` names the process. It stays when the process becomes a replica, takes over the data of another master, and is
 * promoted again; `master_replid` changes with each promotion.
 */
export function servingIncarnation(info: string): string {
  if (field(info, 'redis_mode') === 'sentinel')
    throw new TierFailure('misconfigured', 'sentinel', adviceFor('sentinel'));
  if (field(info, 'loading') === '1') throw new TierFailure('rejected', 'LOADING');
  const [role, ...identity] = [field(info, 'role'), field(info, 'run_id'), field(info, 'master_replid')];
  if (role === '' || !identity.every((id) => /^[0-9a-f]{40}$/.test(id)))
    throw new TierFailure('misconfigured', 'run-id', adviceFor('run-id'));
  if (role !== 'master') throw new TierFailure('rejected', 'READONLY', adviceFor('READONLY'));
  return createHash('sha256').update(identity.join('')).digest('hex').slice(0, INCARNATION_CHARS);
}

/** The server's clock in this INFO reply, in milliseconds; null where the reply lacks it. */
export function serverTimeOf(info: string): number | null {
  const microseconds = Number(field(info, 'server_time_usec') || Number.NaN);
  return Number.isSafeInteger(microseconds) ? Math.floor(microseconds / 1_000) : null;
}

/** The mode of a server: by itself, or a node of a cluster. */
export type ServerMode = 'cluster' | 'standalone';

/** Throws if this INFO reply says that the server runs in the other mode. One that says nothing is believed to run in this one. */
export function requireMode(info: string, mode: ServerMode): void {
  const isNode = field(info, 'cluster_enabled');
  const reason = { cluster: isNode === '0' && 'not-a-cluster', standalone: isNode === '1' && 'cluster-node' }[mode];
  if (reason !== false) throw new TierFailure('misconfigured', reason, adviceFor(reason));
}

/**
 * Throws if this reply to CLUSTER INFO says that the cluster does not serve. A node that was cut off from the others may still answer reads
 * then (`cluster-allow-reads-when-down`), while another has taken its place.
 */
export function requireClusterState(state: string): void {
  if (field(state, 'cluster_state') === 'fail') throw new TierFailure('rejected', 'CLUSTERDOWN');
}

function field(info: string, name: string): string {
  return new RegExp(`^${name}:([^\\r\\n]*)`, 'm').exec(info)?.[1] ?? '';
}
