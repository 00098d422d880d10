import type { DatabaseName } from '../../tiers/sql/tag.ts';

type Rewrite = (sql: string, count: number) => string;

/** The end of the first table of a migration, that of the sessions. */
const END: Readonly<Record<Exclude<DatabaseName, 'sqlite'>, RegExp>> = {
  mysql: /^\) ENGINE = InnoDB;$/m,
  postgresql: /^\) WITH \(\n([\s\S]+?)\n\);$/m,
};

/** The way in which a migration splits the sessions by the hash of their storage keys. Null where a table cannot be split. */
export const PARTITIONED: Readonly<Record<DatabaseName, Rewrite | null>> = {
  mysql: (sql, count) =>
    sql.replace(END.mysql, () => `) ENGINE = InnoDB PARTITION BY KEY (storage_key) PARTITIONS ${count};`),
  postgresql: (sql, count) =>
    sql.replace(
      END.postgresql,
      (_, parameters: string) =>
        `) PARTITION BY HASH (storage_key);\n\n${commentsOf(parameters)}\n${partitions(parameters, count)}`,
    ),
  sqlite: null,
};

/** Returns the reasons of the storage parameters, which belong to the partitions: the table accepts none. */
function commentsOf(parameters: string): string {
  return linesOf(parameters)
    .filter((line) => line.startsWith('--'))
    .join('\n');
}

function partitions(parameters: string, count: number): string {
  const settings = linesOf(parameters)
    .filter((line) => !line.startsWith('--'))
    .join(' ');
  return Array.from(
    { length: count },
    (_, n) =>
      `CREATE TABLE holdfast_session_p${n} PARTITION OF holdfast_session FOR VALUES WITH (MODULUS ${count}, REMAINDER ${n}) WITH (${settings});`,
  ).join('\n');
}

const linesOf = (text: string): string[] => text.split('\n').map((line) => line.trim());
