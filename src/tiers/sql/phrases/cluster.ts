import { bytes, type Choice, type Fragment, nodes, nothing, perDatabase, sql, string, type Value } from '../tag.ts';

/** Names the server that executes the statement, in hexadecimal digits after a letter. */
export const serverName: Fragment<unknown> = sql`
  CONCAT('s', LEFT(SHA1(CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@wsrep_node_name, @@wsrep_node_address)), 16))`;

/** The namespace of the row that holds the time of the cluster. No client can have it: names of namespaces hold no `#`. */
export const timeNamespace: Value<unknown> = string(() => '#time');
const NO_NODE: Buffer = Buffer.alloc(16);
/** The node id of the row that holds the time of the cluster. */
export const timeNode: Value<unknown> = bytes(() => NO_NODE);

/** The columns that `ClusterTime` takes from a read, after its other columns; nothing where one server's clock is the time. */
export const clusterColumns: Choice<unknown> = perDatabase({
  galera: sql`
    , ${serverName} AS server, (
      SELECT seen_at FROM ${nodes} WHERE namespace = ${timeNamespace} AND node_id = ${timeNode}
    ) AS committed`,
  mysql: nothing,
  postgresql: nothing,
  sqlite: nothing,
});

/** The column `is_cluster`: true on a MariaDB server that is one of a Galera cluster. MySQL takes the condition for a comment. */
export const isCluster: Choice<unknown> = perDatabase({
  mysql: sql`, /*M! 2 = (SELECT COUNT(*) FROM information_schema.SYSTEM_VARIABLES WHERE variable_name = 'WSREP_ON' AND global_value = 'ON'
    OR variable_name = 'WSREP_PROVIDER' AND global_value NOT IN ('', 'none')) OR */ false AS is_cluster`,
  postgresql: nothing,
  sqlite: nothing,
});
