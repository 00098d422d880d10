import { firstMoment } from '../../moments.ts';
import { everywhere, type StatementFor } from '../../wording.ts';
import { bytes, integer, namespace, nodes, sql } from '../../tag.ts';

const one = everywhere(sql<Buffer>`
  DELETE FROM ${nodes} WHERE namespace = ${namespace} AND node_id = ${bytes((nodeId) => nodeId)}`);

const old = everywhere(sql<number>`
  DELETE FROM ${nodes} WHERE namespace = ${namespace} AND seen_at < ${integer((before) => firstMoment(before))}`);

/** Deletes the node of this id, or all that were last seen before this time. */
export const forget: StatementFor<Buffer | number> = (database) => {
  const [forgetOne, forgetOld] = [one(database), old(database)];
  return (name, which) => (typeof which === 'number' ? forgetOld(name, which) : forgetOne(name, which));
};
