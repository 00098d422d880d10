import { choiceOf } from './provider.ts';

/** What the harness and the tests have to do otherwise for MySQL than for MariaDB. The library does not know which it is. */
export interface MysqlFlavour {
  readonly name: 'MariaDB' | 'MySQL';
  /** The server in its image, and the variable that names the password of its root. */
  readonly program: string;
  readonly rootPassword: string;
  readonly settings: Readonly<Record<string, string>>;
  /** The end of CREATE USER. */
  readonly userLimits: string;
  /** The statement that makes the server give up the statements of a connection, after at least a second on MySQL. */
  readonly statementLimit: (limitMs: number) => string;
  /** Returns the ids of the connections that wait for a lock, with the database as its parameter. */
  readonly whoWaits: string;
  /** Returns `count`. */
  readonly deadlocks: string;
}

const mariadb: MysqlFlavour = {
  name: 'MariaDB',
  program: 'mariadbd',
  rootPassword: 'MARIADB_ROOT_PASSWORD',
  settings: { innodb_log_file_size: '32M', performance_schema: 'OFF' },
  userLimits: 'WITH MAX_STATEMENT_TIME 3',
  statementLimit: (limitMs) => `SET max_statement_time = ${limitMs / 1_000}`,
  whoWaits: `SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx AS trx
JOIN information_schema.processlist AS process ON process.id = trx.trx_mysql_thread_id
WHERE trx_state = 'LOCK WAIT' AND db = ?`,
  deadlocks: `SELECT variable_value AS count FROM information_schema.global_status WHERE variable_name = 'INNODB_DEADLOCKS'`,
};

const mysql: MysqlFlavour = {
  name: 'MySQL',
  program: 'mysqld',
  rootPassword: 'MYSQL_ROOT_PASSWORD',
  settings: {
    innodb_redo_log_capacity: '64M',
    // Of SELECT only; MySQL has no limit for writes.
    max_execution_time: '3000',
    performance_schema: 'ON',
    explain_json_format_version: '1',
    disable_log_bin: 'ON',
    mysqlx: 'OFF',
  },
  userLimits: '',
  statementLimit: (limitMs) => `SET innodb_lock_wait_timeout = ${Math.ceil(limitMs / 1_000)}`,
  // Not information_schema.innodb_trx: it shows the statement, and binary values in a statement are an error to it (3854).
  whoWaits: `SELECT DISTINCT thread.processlist_id AS id FROM performance_schema.data_lock_waits AS waits
JOIN performance_schema.threads AS thread ON thread.thread_id = waits.requesting_thread_id
WHERE thread.processlist_db = ?`,
  deadlocks: `SELECT count FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'`,
};

/** The server behind the provider `mysql` in this run. */
export function mysqlFlavour(): MysqlFlavour {
  return choiceOf('MYSQL').image?.startsWith('mysql') ? mysql : mariadb;
}
