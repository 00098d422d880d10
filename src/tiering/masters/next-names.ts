import type { Named, Names, Report } from './names.ts';

/** The reports by which a node decides whether to change the names. */
export interface Reports {
  /** The report of this node, which the durable tier has. */
  readonly own: Report;
  /** The reports of all live nodes, the own among them. */
  readonly live: readonly Report[];
  /** The fresh ones among them. In a dispute, each node that runs reports anew. */
  readonly fresh: readonly Report[];
  /** True if this node has disputed the names for `MASTERS_DISPUTE_MS`. */
  readonly isLongDisputed: boolean;
}

/** True if the report is of a server that is not named, or its node does not know a shard that is. */
export function disputes(report: Report, names: Names): boolean {
  if (report.size === 0) return false;
  return (
    [...report].some(([shard, incarnation]) => incarnation !== '' && names.get(shard)?.incarnation !== incarnation) ||
    [...names.keys()].some((shard) => !report.has(shard))
  );
}

/**
 * Returns the names that this node may propose; null if it has to leave them. Safety does not depend on which node changes the
 * names, so this is a question of cost: a majority decides, and a tie or a stray node changes nothing.
 *
 * - A server is named instead of another, or a new shard named, if so many fresh reports are for it as are more than half of the live
 *   nodes: nodes that crashed must not outvote those that run. After a long dispute it is enough that more of the fresh reports are for
 *   it than against it: nodes that crashed are not waited for.
 * - The name of a shard that is not in the own map goes under the same conditions.
 * - A shard is added only together with the end of every named shard that the own map does not have: where a replica took over, its
 *   master and the replica must never be named at once, and no map has both.
 */
export function nextNames(names: Names | null, reports: Reports, newNonce: () => string): Names | null {
  const { own } = reports;
  const connected = [...own].filter(([, incarnation]) => incarnation !== '');
  const nameIt = (incarnation: string): Named => ({ incarnation, nonce: newNonce() });
  if (names === null) {
    return connected.length === 0 ? null : new Map(connected.map(([shard, at]) => [shard, nameIt(at)]));
  }
  // A node that knows no shard yet knows nothing against those that are named.
  if (own.size === 0) return null;
  const next = new Map(names);
  for (const shard of names.keys()) if (!own.has(shard) && mayGo(shard, reports)) next.delete(shard);
  const isAdding = [...next.keys()].every((shard) => own.has(shard));
  for (const [shard, incarnation] of connected) {
    const present = names.get(shard)?.incarnation;
    if (present === incarnation || (present === undefined && !isAdding)) continue;
    if (mayBeNamed(shard, incarnation, present, reports)) next.set(shard, nameIt(incarnation));
  }
  return hasChanged(names, next) ? next : null;
}

function mayBeNamed(shard: string, incarnation: string, present: string | undefined, reports: Reports): boolean {
  return prevails(
    reports,
    (report) => report.get(shard) === incarnation,
    (report) => (present === undefined ? lacks(report, shard) : report.get(shard) === present),
  );
}

function mayGo(shard: string, reports: Reports): boolean {
  return prevails(
    reports,
    (report) => lacks(report, shard),
    (report) => report.has(shard),
  );
}

function lacks(report: Report, shard: string): boolean {
  return report.size > 0 && !report.has(shard);
}

function prevails(
  { live, fresh, isLongDisputed }: Reports,
  isFor: (report: Report) => boolean,
  isAgainst: (report: Report) => boolean,
): boolean {
  const votes = fresh.filter(isFor).length;
  return 2 * votes > live.length || (isLongDisputed && votes > fresh.filter(isAgainst).length);
}

function hasChanged(names: Names, next: Names): boolean {
  return names.size !== next.size || [...next].some(([shard, name]) => names.get(shard) !== name);
}
