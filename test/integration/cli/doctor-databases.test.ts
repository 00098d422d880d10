import { describe, expect, it } from 'vitest';
import type { PrismaClientLike } from '../../../src/tiers/prisma/prisma-client.ts';
import { codesIn } from '../../support/doctor/codes-in.ts';
import { openPrisma } from '../../support/servers/databases.ts';
import { asMariadbAdmin } from '../../support/servers/mariadb.ts';
import { mysqlFlavour } from '../../support/servers/mysql-flavours.ts';
import { freshDatabase, sharedMariadb } from '../../support/shared.ts';

const PASSWORD = 'only-in-this-test';

const MYSQL_FAULTS: readonly (readonly [fault: string, code: string, plant: string, mend: string])[] = [
  [
    'an index on what a touch changes',
    'database-index-surplus',
    'CREATE INDEX seen ON holdfast_session (namespace, last_seen_at)',
    'DROP INDEX seen ON holdfast_session',
  ],
  [
    'an index that is missing',
    'database-index-missing',
    'DROP INDEX holdfast_session_rotated_at_idx ON holdfast_session',
    'CREATE INDEX holdfast_session_rotated_at_idx ON holdfast_session (rotated_at)',
  ],
  [
    'a table that a crash empties',
    'database-lossy',
    'ALTER TABLE holdfast_session_node ENGINE = MEMORY, MODIFY masters VARCHAR(20000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ""',
    'ALTER TABLE holdfast_session_node ENGINE = InnoDB',
  ],
  [
    'a user that may change tables',
    'database-rights',
    "GRANT ALTER ON holdfast_session TO 'APPLICATION'",
    "REVOKE ALTER ON holdfast_session FROM 'APPLICATION'",
  ],
  [
    'a grant that is missing',
    'database-grant-missing',
    "REVOKE DELETE ON holdfast_session FROM 'APPLICATION'",
    "GRANT DELETE ON holdfast_session TO 'APPLICATION'",
  ],
];

it('finds faults of MySQL and MariaDB, each alone', { timeout: 240_000 }, async () => {
  const server = await sharedMariadb();
  await using database = await freshDatabase('mysql');
  const name = new URL(database.url).pathname.slice(1);
  const user = `u${name}`;
  const admin = async (text: string): Promise<void> => {
    const url = Object.assign(new URL(server.adminUrl), { pathname: `/${name}` });
    await asMariadbAdmin({ adminUrl: url.href, ca: server.ca }, text.replaceAll('APPLICATION', user));
  };
  await admin(`CREATE USER 'APPLICATION' IDENTIFIED BY '${PASSWORD}' REQUIRE SSL`);
  for (const table of ['', '_node', '_ring']) {
    const rights = table === '_ring' ? 'SELECT, INSERT, UPDATE' : 'SELECT, INSERT, UPDATE, DELETE';
    await admin(`GRANT ${rights} ON holdfast_session${table} TO 'APPLICATION'`);
  }
  const url = Object.assign(new URL(database.url), { username: user, password: PASSWORD }).href;
  await using healthy = await openPrisma('mysql', url, { ca: server.ca, statementMs: 1_500 });
  expect(await codesIn('mysql', healthy)).toEqual([]);
  const { prisma } = healthy;
  // A server without the variable, as MySQL is, refuses the question: the limit is unknown, and the database reached.
  const lacking: PrismaClientLike = {
    $queryRawUnsafe: (text, ...values) =>
      prisma.$queryRawUnsafe(text.replace('@@max_statement_time', '@@no_such_variable'), ...values),
    $executeRawUnsafe: (text, ...values) => prisma.$executeRawUnsafe(text, ...values),
  };
  expect(await codesIn('mysql', { prisma: lacking })).toEqual([]);
  // The certificate of the shared server ends within a week.
  const env = { HOLDFAST_DATABASE_URL: url };
  expect(await codesIn('mysql', healthy, env)).toEqual(['database-certificate-ends']);
  for (const [fault, code, plant, mend] of MYSQL_FAULTS) {
    await admin(plant);
    expect(await codesIn('mysql', healthy), fault).toEqual([code]);
    await admin(mend);
  }
  await using unlimited = await openPrisma('mysql', url, { ca: server.ca });
  // MySQL has no limit for writes.
  const hasLimit = mysqlFlavour().name === 'MariaDB';
  expect(await codesIn('mysql', unlimited)).toEqual(hasLimit ? ['database-statement-timeout'] : []);
  expect(await codesIn('mysql', healthy)).toEqual([]);
  await admin("DROP USER 'APPLICATION'");
});

describe('SQLite', () => {
  it('finds faults, each alone', async () => {
    await using database = await freshDatabase('sqlite');
    const { prisma } = database;
    expect(await codesIn('sqlite', database)).toEqual([]);
    const faults = [
      ['database-index-surplus', 'CREATE INDEX seen ON holdfast_session (last_seen_at)', 'DROP INDEX seen'],
      ['database-lossy', 'PRAGMA synchronous = NORMAL', 'PRAGMA synchronous = FULL'],
      ['database-table', 'PRAGMA journal_mode = DELETE', 'PRAGMA journal_mode = WAL'],
    ] as const;
    for (const [code, plant, mend] of faults) {
      await prisma.$queryRawUnsafe(plant);
      expect(await codesIn('sqlite', database), plant).toEqual([code]);
      await prisma.$queryRawUnsafe(mend);
    }
    expect(await codesIn('sqlite', database)).toEqual([]);
  });
});
