import { either, type StatementFor } from '../../wording.ts';
import { namespace, rings, sql, string } from '../../tag.ts';

export interface NameMasters {
  readonly seen: string | null;
  readonly masters: string;
}

const masters = string((names: NameMasters) => names.masters);

/** Replaces the names of the servers that count, if they are still those that were seen. */
export const nameMasters: StatementFor<NameMasters> = either(
  ({ seen }) => seen === null,
  sql`
    UPDATE ${rings} SET masters = ${masters} WHERE namespace = ${namespace} AND masters IS NULL`,
  sql`
    UPDATE ${rings} SET masters = ${masters}
    WHERE namespace = ${namespace} AND masters = ${string(({ seen }) => seen ?? '')}`,
);
