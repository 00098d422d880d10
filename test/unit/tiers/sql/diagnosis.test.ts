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
    ['localhost', null, true],
    ['localhost:50312', false, true],
    ['127.0.0.1:50312', false, true],
    ['[::1]:50312', false, true],
    ['::1:50312', false, true],
    ['10.1.2.3:50312', false, false],
    ['127.0.0.1.example.com:50312', false, false],
  ])('to MySQL from %s is %s, and on this machine %s', async (host, isEncrypted, isLocal) => {
    const ask = answering([
      ['Ssl_cipher', { Variable_name: 'Ssl_cipher', Value: '' }],
      ['processlist', { host }],
    ]);
    expect(await mysqlDiagnosis.server(ask, TABLES)).toMatchObject({ isEncrypted, isLocal });
  });

  it.each([
    [null, null, false],
    ['127.0.0.1', false, true],
    ['::1', false, true],
    ['10.1.2.3', false, false],
    ['fd00::1', false, false],
  ])('to PostgreSQL from %s is %s, and over loopback %s', async (client, isEncrypted, isLocal) => {
    const ask = answering([['pg_stat_ssl', { encrypted: false, by_socket: client === null, client }]]);
    expect(await postgresqlDiagnosis.server(ask, TABLES)).toMatchObject({ isEncrypted, isLocal });
  });
});
