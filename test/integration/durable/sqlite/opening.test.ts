import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { prismaTier } from '../../../../src/tiers/prisma/index.ts';
import { openPrisma } from '../../../support/servers/databases.ts';
import { freshDatabase } from '../../../support/shared.ts';
import { tierOf, expectOpenFailure } from '../../../support/prisma-tier.ts';

describe('opening on SQLite', () => {
  it.each([
    ['table-missing:holdfast_session', 'DROP TABLE holdfast_session'],
    [
      'column-missing:holdfast_session.dirty_at',
      'DROP INDEX holdfast_session_dirty_at_idx; ALTER TABLE holdfast_session RENAME COLUMN dirty_at TO dirty',
    ],
    [
      'column-type:holdfast_session.namespace',
      'DROP TABLE holdfast_session; CREATE TABLE holdfast_session (storage_key BLOB PRIMARY KEY, namespace BLOB)',
    ],
    [
      'column-missing:holdfast_session.user_key',
      'DROP TABLE holdfast_session; CREATE TABLE holdfast_session (storage_key BLOB PRIMARY KEY, namespace TEXT)',
    ],
  ])('says %s', async (reason, damage) => {
    await using database = await freshDatabase('sqlite');
    using file = new DatabaseSync(fileURLToPath(database.url));
    file.exec(damage);
    await expectOpenFailure(tierOf(database), 'misconfigured', reason);
  });

  it('says that a table without a primary key is none', async () => {
    await using database = await freshDatabase('sqlite');
    using file = new DatabaseSync(fileURLToPath(database.url));
    file.exec('CREATE TABLE copy AS SELECT * FROM holdfast_session');
    const columns = file.prepare('SELECT name, type FROM pragma_table_info(?)').all('holdfast_session');
    file.exec(`CREATE TABLE keyless (${columns.map(({ name, type }) => `${name} ${type}`).join(', ')})`);
    const tier = prismaTier(database.prisma, { provider: 'sqlite', table: 'keyless' });
    await expectOpenFailure(tier, 'misconfigured', 'primary-key-missing:keyless');
  });

  it('says that the file cannot be opened', async () => {
    await using client = await openPrisma('sqlite', 'file:///nowhere/at/all/sessions.db');
    await expectOpenFailure(prismaTier(client.prisma, { provider: 'sqlite' }), 'misconfigured', 'cannot-open');
  });

  it('says that a folder is no file', async () => {
    await using client = await openPrisma('sqlite', new URL('..', import.meta.url).href);
    await expectOpenFailure(prismaTier(client.prisma, { provider: 'sqlite' }), 'misconfigured', 'cannot-open');
  });

  it('says that it may not write', async () => {
    await using database = await freshDatabase('sqlite');
    await database.prisma.$queryRawUnsafe('PRAGMA query_only = ON');
    await expectOpenFailure(tierOf(database), 'misconfigured', 'read-only');
  });
});

// --- What the tests are made of ----------------------------------------------------------------------------------
