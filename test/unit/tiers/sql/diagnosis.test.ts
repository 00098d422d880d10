import { describe, expect, it } from 'vitest';
import type { Ask } from '../../../../src/tiers/sql/diagnosis/database-diagnosis.ts';
import { mysqlDiagnosis } from '../../../../src/tiers/sql/diagnosis/mysql.ts';
import { postgresqlDiagnosis } from '../../../../src/tiers/sql/diagnosis/postgresql.ts';
import type { Row } from '../../../../src/tiers/sql/rows/rows.ts';

const TABLES = ['holdfast_session', 'holdfast_session_ring', 'holdfast_session_node'];
const refusing: Ask = async () => null;

/** Answers the statement that has this text in it, and refuses the others. */
const answering =
  (answers: readonly (readonly [part: string, row: Row])[]): Ask =>
  async (text) => {
    const found = answers.find(([part]) => text.includes(part));
    return found ? [found[1]] : null;
  };

describe('the diagnosis of a database that refuses a question', () => {
  it('finds no fault by that', async () => {
    for (const diagnosis of [mysqlDiagnosis, postgresqlDiagnosis]) {
      expect(await diagnosis.server(refusing, TABLES)).toMatchObject({
        isEncrypted: null,
        statementMs: null,
        lockMs: null,
        lossy: [],
        surplus: [],
      });
    }
  });
});

describe('the diagnosis of a connection that is not encrypted', () => {
  it.each([
    ['localhost', null],
    ['localhost:50312', false],
    ['10.1.2.3:50312', false],
  ])('to MySQL from %s is %s', async (host, isEncrypted) => {
    const ask = answering([
      ['Ssl_cipher', { Variable_name: 'Ssl_cipher', Value: '' }],
      ['processlist', { host }],
    ]);
    expect(await mysqlDiagnosis.server(ask, TABLES)).toMatchObject({ isEncrypted });
  });

  it.each([
    [true, null],
    [false, false],
  ])('to PostgreSQL, by a socket (%s), is %s', async (by_socket, isEncrypted) => {
    const ask = answering([['pg_stat_ssl', { encrypted: false, by_socket }]]);
    expect(await postgresqlDiagnosis.server(ask, TABLES)).toMatchObject({ isEncrypted });
  });
});
