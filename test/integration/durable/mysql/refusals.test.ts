import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storageKeyOf } from '../../../../src/session/session-id.ts';
import { memoryPrimaryTier } from '../../../../src/tiers/memory/index.ts';
import { toTierFailure } from '../../../../src/tiers/prisma/failure.ts';
import { failureOf, openTier } from '../../../support/durable-commands.ts';
import { inMariadbTransaction } from '../../../support/mariadb-locks.ts';
import { realClient } from '../../../support/real-client.ts';
import { migrate, openPrisma } from '../../../support/servers/databases.ts';
import { asMariadbAdmin, connectMariadb, type MariadbServer, startMariadb } from '../../../support/servers/mariadb.ts';
import { mysqlFlavour } from '../../../support/servers/mysql-flavours.ts';
import { freshDatabase, sharedMariadb, sharedRedis, uniqueNamespace } from '../../../support/shared.ts';

describe('an account that has all the connections it may have', () => {
  let server: MariadbServer;

  beforeAll(async () => {
    server = await startMariadb({ max_user_connections: '1' });
    await migrate('mysql', server.url, { ca: server.ca });
  });
  afterAll(() => server?.stop());

  it.each([
    ['of the server for every account', 0, 'too-many-connections'],
    ['of its own', 1, 'user-limit'],
  ])('is refused by the limit %s, not by its pool', async (_whose, limit, reason) => {
    await asMariadbAdmin(server, `ALTER USER '${server.coordinates.user}'@'%' WITH MAX_USER_CONNECTIONS ${limit}`);
    await using occupant = await connectMariadb(server.url, server.ca);
    await occupant.query('SELECT 1');
    await using client = await openPrisma('mysql', server.url, { ca: server.ca });
    expect(await failureOf(() => openTier(client.prisma, 'mysql'))).toMatchObject({ kind: 'not-sent', reason });
  });
});

describe.skipIf(mysqlFlavour().name !== 'MariaDB')('an option that forbids a statement', () => {
  it('is no sign of a standby unless it is for reading only', async () => {
    const { adminUrl, ca } = await sharedMariadb();
    await using client = await openPrisma('mysql', adminUrl, { ca });
    const forbidden = client.prisma.$executeRawUnsafe('SET GLOBAL max_user_connections = 1');
    const error = await forbidden.catch((refused: unknown) => refused);
    expect(toTierFailure(error, 'mysql')).toMatchObject({ kind: 'misconfigured', reason: 'server-option' });
  });

  it('counts as a standby if it is for reading only', async () => {
    await using server = await startMariadb();
    await migrate('mysql', server.url, { ca: server.ca });
    await using client = await openPrisma('mysql', server.url, { ca: server.ca });
    await asMariadbAdmin(server, 'SET GLOBAL read_only = ON');
    const refused = client.prisma.$executeRawUnsafe('DELETE FROM holdfast_session');
    const error = await refused.catch((reason: unknown) => reason);
    expect(toTierFailure(error, 'mysql')).toMatchObject({ kind: 'rejected', reason: 'read-only' });
  });
});

describe('a statement that the server gave up', () => {
  const ofFlavour = mysqlFlavour().name === 'MariaDB' ? [['statement-timeout', 600] as const] : [];
  it.each([['lock-timeout', undefined], ...ofFlavour] as const)(
    'has changed nothing, and says nothing against the database (%s)',
    async (reason, statementMs) => {
      await using database = await freshDatabase('mysql');
      const { prisma } = await database.open(statementMs === undefined ? {} : { statementMs });
      const sessions = await realClient({
        redis: sharedRedis(),
        database: { provider: 'mysql', prisma },
        primary: memoryPrimaryTier(),
        namespace: uniqueNamespace(),
        durableTimeout: '5s',
      });
      const { id } = await sessions.create({ cart: [] });
      const sql = 'SELECT 1 FROM holdfast_session WHERE storage_key = ? FOR UPDATE';
      {
        await using _lock = await inMariadbTransaction(database, await sharedMariadb(), sql, [storageKeyOf(id)]);
        const update = sessions.update(id, ({ cart }) => void cart.push('x'));
        await expect(update).rejects.toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE', tier: 'durable', reason });
        expect(await sessions.health()).toMatchObject({ durable: { state: 'up' } });
      }
      expect((await sessions.get(id))?.data).toEqual({ cart: [] });
      await sessions.close();
    },
  );
});
