import { describe, expect, it } from 'vitest';
import { change, failureOf, insert, openTier } from '../../../support/durable-commands.ts';
import { lockRow } from '../../../support/prisma-tier.ts';
import { migrate, openPrisma } from '../../../support/servers/databases.ts';
import { hasPgbouncer, startPgbouncer } from '../../../support/servers/pgbouncer.ts';
import { startPostgres } from '../../../support/servers/postgres.ts';
import { until } from '../../../support/servers/until.ts';
import { freshDatabase, sharedPostgres } from '../../../support/shared.ts';

describe.skipIf(!hasPgbouncer())('behind PgBouncer', () => {
  it('a client that sends a setting which PgBouncer refuses is a mistake of configuration', async () => {
    await using bouncer = await startPgbouncer(sharedPostgres(), { ignore_startup_parameters: '' });
    await using client = await openPrisma('postgresql', bouncer.urlOf(sharedPostgres().url), { ca: bouncer.ca });
    expect(await failureOf(() => openTier(client.prisma, 'postgresql'))).toMatchObject({
      kind: 'misconfigured',
      reason: 'startup-parameter',
      advice: expect.stringContaining('role'),
    });
  });

  it('a statement that gets no connection of the server in time was not sent', async () => {
    await using database = await freshDatabase('postgresql');
    const settings = { default_pool_size: '1', query_wait_timeout: '0.3' };
    await using bouncer = await startPgbouncer(sharedPostgres(), settings);
    await using client = await openPrisma('postgresql', bouncer.urlOf(database.url), { ca: bouncer.ca });
    const tier = await openTier(client.prisma, 'postgresql');
    const record = await insert(tier);
    await using lock = await lockRow(database, record);
    const holder = tier.sessions.update(change(record));
    await lock.untilSomebodyWaits();
    expect(await failureOf(() => insert(tier))).toMatchObject({ kind: 'not-sent', reason: 'pool-timeout' });
    await lock.release();
    expect(await holder).toBe(true);
  });

  it('a server that is gone leaves what was under way open, and is sent nothing more until it is back', async () => {
    await using server = await startPostgres();
    await migrate('postgresql', server.url, { ca: server.ca });
    await using bouncer = await startPgbouncer(server, { query_wait_timeout: '0.3', server_login_retry: '1' });
    await using client = await openPrisma('postgresql', bouncer.urlOf(server.url), { ca: bouncer.ca });
    const tier = await openTier(client.prisma, 'postgresql');
    const record = await insert(tier);
    await using direct = await openPrisma('postgresql', server.url, { ca: server.ca });
    await using lock = await lockRow({ url: server.url, ca: server.ca, prisma: direct.prisma }, record);
    const underWay = failureOf(() => tier.sessions.update(change(record)));
    await lock.untilSomebodyWaits();
    await server.kill();
    expect(await underWay).toMatchObject({ kind: 'ambiguous', reason: 'connection-lost' });
    await until(async () => (await failureOf(() => insert(tier))).reason === 'unreachable');
    expect(await failureOf(() => insert(tier))).toMatchObject({ kind: 'not-sent' });
    await server.start();
    await until(async () => (await failureOf(() => tier.probe())).kind === 'none');
    await insert(tier);
  });
});
