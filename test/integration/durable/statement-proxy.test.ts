import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../support/servers/certificates.ts';
import { asPostgresAdmin, pgOptions, type PostgresServer, startPostgres } from '../../support/servers/postgres.ts';
import { StatementProxy } from '../../support/servers/statement-proxy.ts';
import { until } from '../../support/servers/until.ts';

let postgres: PostgresServer;
let proxy: StatementProxy;

beforeAll(async () => {
  const certificates = await (await createAuthority()).issue();
  postgres = await startPostgres({ certificates });
  proxy = await StatementProxy.start(postgres.coordinates, certificates);
  await asPostgresAdmin(postgres, 'CREATE TABLE notes (note text)');
}, 60_000);

afterAll(async () => {
  await proxy?.stop();
  await postgres?.stop();
});

async function run(text: string, values: string[] = []): Promise<unknown[]> {
  const url = new URL(postgres.adminUrl);
  url.port = `${proxy.address.port}`;
  const client = new Client(pgOptions(url.href, postgres.ca));
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(text, values)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

const write = (note: string): Promise<unknown> => run('INSERT INTO notes (note) VALUES ($1::text)', [note]);
const has = async (note: string): Promise<boolean> =>
  (await asPostgresAdmin(postgres, `SELECT 1 FROM notes WHERE note = '${note}'`)).length > 0;
const at = /^\0INSERT/;

describe('the statement proxy', () => {
  test('carries statements and answers of any length', async () => {
    await write('plain');
    expect(
      await run("SELECT note, repeat('x', 300000) AS long FROM notes WHERE length($1::text) = 200000", [
        'y'.repeat(200_000),
      ]),
    ).toEqual([{ note: 'plain', long: 'x'.repeat(300_000) }]);
  });

  test('loses the answer to a statement that was executed', async () => {
    proxy.aim({ mishap: 'answer-lost', at });
    await run('SELECT 1');
    await expect(write('unanswered')).rejects.toThrow();
    expect(await has('unanswered')).toBe(true);
    await write('after it');
  });

  test('loses a statement before it is executed', async () => {
    proxy.aim({ mishap: 'question-lost', at });
    await expect(write('unasked')).rejects.toThrow();
    expect(await has('unasked')).toBe(false);
  });

  test('delivers a statement long after its client was cut off', async () => {
    proxy.aim({ mishap: 'question-late', at, lateMs: 1_500 });
    await expect(write('late')).rejects.toThrow();
    expect(await has('late')).toBe(false);
    await until(() => has('late'));
  });
});
