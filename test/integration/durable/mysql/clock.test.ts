import { expect, it } from 'vitest';
import { systemPlatform } from '../../../../src/platform/platform.ts';
import { compile } from '../../../../src/tiers/sql/compile.ts';
import { databaseOf } from '../../../../src/tiers/sql/dialects/databases.ts';
import { clock } from '../../../../src/tiers/sql/phrases/clock.ts';
import { sql } from '../../../../src/tiers/sql/tag.ts';
import { connectMariadb } from '../../../support/servers/mariadb.ts';
import { sharedMariadb } from '../../../support/shared.ts';

const HOUR_S = 3_600;
const readClocks = compile(
  sql`SELECT ${clock} AS clock, NOW() AS began, SYSDATE() AS present`,
  databaseOf('mysql', 'unused'),
);

/** Zones that were on one time until a moment ago, and are on another now. */
it.each([
  ['back', HOUR_S, 0],
  ['forward', 0, HOUR_S],
  ['back by half an hour', 11 * HOUR_S, 10.5 * HOUR_S],
  ['over a day', -12 * HOUR_S, 12 * HOUR_S],
])('a statement during which the clocks of its time zone go %s reads the true time', async (what, before, after) => {
  const { adminUrl, ca } = await sharedMariadb();
  await using connection = await connectMariadb(adminUrl, ca);
  const now = Math.floor(systemPlatform.now() / 1_000);
  await connection.query(`INSERT INTO mysql.time_zone (Use_leap_seconds) VALUES ('N')`);
  const [zone] = await connection.query('SELECT LAST_INSERT_ID() AS id');
  const id = zone?.['id'];
  const name = `Test/${what.replaceAll(' ', '_')}`;
  await connection.query('INSERT INTO mysql.time_zone_name VALUES (?, ?)', [name, id]);
  await connection.query(
    `INSERT INTO mysql.time_zone_transition_type VALUES (?, 0, ?, 0, 'OLD'), (?, 1, ?, 0, 'NEW')`,
    [id, before, id, after],
  );
  await connection.query('INSERT INTO mysql.time_zone_transition VALUES (?, 0, 0), (?, ?, 1)', [id, id, now - 1]);
  await connection.query('SET time_zone = ?', [name]);
  // When the statement begins, as far as NOW and UTC_TIMESTAMP know.
  await connection.query('SET timestamp = ?', [now - 3]);
  const { text } = readClocks('shop', undefined);
  const [row] = await connection.query(text);
  expect(Math.abs(Number(row?.['clock']) - systemPlatform.now())).toBeLessThan(5_000);
});
