import { isLoopback } from '../../loopback.ts';
import type { Row } from '../rows/rows.ts';
import { flagOf, listOf, numberOf, textOf, wordsFor } from './row-values.ts';
import type { DatabaseDiagnosis } from './database-diagnosis.ts';

export const mysqlDiagnosis: DatabaseDiagnosis = {
  async server(ask) {
    const [settings, limit, tls, connection, grants] = await Promise.all([
      ask(SETTINGS),
      // Seconds, and of MariaDB alone.
      ask('SELECT CAST(@@max_statement_time * 1000 AS SIGNED) AS statement_ms'),
      ask("SHOW SESSION STATUS LIKE 'Ssl_cipher'"),
      ask('SELECT host AS host FROM information_schema.processlist WHERE id = CONNECTION_ID()'),
      ask('SHOW GRANTS'),
    ]);
    const [row = null] = settings ?? [];
    const [cipher] = tls ?? [];
    const [address = {}] = connection ?? [];
    const client = textOf(address, 'host') ?? '';
    // By TCP there is a port behind it.
    const isBySocket = client === 'localhost';
    const host = client.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    return {
      isEncrypted: cipher === undefined || isBySocket ? null : textOf(cipher, 'Value') !== '',
      isLocal: host === 'localhost' || isLoopback(host),
      statementMs: limit?.[0] === undefined ? null : numberOf(limit[0], 'statement_ms'),
      lockMs: row && numberOf(row, 'lock_ms'),
      lossy: row === null ? [] : lossyIn(row),
      isolation: null,
      surplus: surplusIn((grants ?? []).flatMap((grant) => Object.values(grant).map(String))),
    };
  },

  async schema(ask, tables) {
    const names = tables.map((name) => `'${name}'`).join(', ');
    const [found, indexes] = await Promise.all([
      ask(`SELECT table_name AS name, engine AS engine FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_name IN (${names})`),
      ask(`SELECT table_name AS in_table, index_name AS name,
          GROUP_CONCAT(column_name ORDER BY seq_in_index) AS columns
        FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name IN (${names})
        GROUP BY table_name, index_name`),
    ]);
    return {
      tables: (found ?? []).map((row) => ({
        name: textOf(row, 'name') ?? '',
        isLossy: textOf(row, 'engine') !== 'InnoDB',
        odd: [],
        hidesRows: false,
      })),
      indexes: (indexes ?? []).map((row) => ({
        table: textOf(row, 'in_table') ?? '',
        name: textOf(row, 'name') ?? '',
        columns: listOf(row, 'columns'),
        dependsOn: listOf(row, 'columns'),
        isUsable: true,
      })),
    };
  },
};

function lossyIn(row: Row): readonly string[] {
  return wordsFor([
    [numberOf(row, 'flush') !== 1, `innodb_flush_log_at_trx_commit = ${textOf(row, 'flush') ?? ''}`],
    [!flagOf(row, 'moves'), 'sysdate-is-now'],
  ]);
}

/** `moves`: SYSDATE goes on while a statement waits. */
const SETTINGS = `
SELECT @@innodb_lock_wait_timeout * 1000 AS lock_ms, @@innodb_flush_log_at_trx_commit AS flush,
  SLEEP(0.002) AS slept, SYSDATE(6) > NOW(6) AS moves`;

/** Grants of one table are the least there can be; what is wider, or changes tables, is named. */
function surplusIn(grants: readonly string[]): readonly string[] {
  const words = grants.flatMap((grant) => {
    const [, rights = '', place = ''] = /^GRANT (.+?) ON (\S+) TO /.exec(grant) ?? [];
    if (rights === '' || rights === 'USAGE' || rights === 'PROXY') return [];
    const wide = place.endsWith('.*')
      ? [place === '*.*' ? 'rights in every database' : 'rights in a whole database']
      : [];
    const isDefining = /\b(?:ALL PRIVILEGES|ALTER|CREATE|DROP|GRANT OPTION|SUPER)\b/.test(rights);
    return [...wide, ...(isDefining ? ['rights to change tables'] : [])];
  });
  return [...new Set(words)];
}
