import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prismaTier } from '../../../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../../../src/tiers/durable.ts';
import { migrate, openPrisma } from '../../../support/servers/databases.ts';
import { FaultProxy } from '../../../support/servers/fault-proxy.ts';
import { type PostgresServer, startPostgres } from '../../../support/servers/postgres.ts';
import { until } from '../../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase, sharedPostgres } from '../../../support/shared.ts';
import {
  tierOf,
  open,
  expectOpenFailure,
  expectFailure,
  failureOf,
  lockRow,
  writeId,
  insert,
  successor,
  write,
  revokeAll,
} from '../../../support/prisma-tier.ts';

describe('a PostgreSQL server in trouble', () => {
  let server: PostgresServer;
  let database: Awaited<ReturnType<typeof openPrisma>>;
  let tier: DurableTier;

  beforeAll(async () => {
    server = await startPostgres();
    await migrate('postgresql', server.url, { ca: server.ca });
    database = await openPrisma('postgresql', server.url, { ca: server.ca });
    tier = prismaTier(database.prisma, { provider: 'postgresql' });
    await open(tier);
  });

  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  it('that is stopped was sent nothing, and is used again when it is back', async () => {
    const record = await insert(tier);
    await server.kill();
    // Statements on connections that the pool still holds may have been sent; new connections are refused.
    await until(async () => (await failureOf(() => tier.probe())).kind === 'not-sent');
    await expectFailure(() => tier.sessions.update(write(successor(record))), 'not-sent', 'unreachable');
    const late = prismaTier(database.prisma, { provider: 'postgresql' });
    await expectOpenFailure(late, 'not-sent', 'unreachable');
    await server.start();
    await tier.probe();
    expect(await late.sessions.read(record.storageKey)).toEqual(record);
  });

  it('that is frozen leaves the outcome open, in time', async () => {
    const record = await insert(tier);
    await server.pause();
    try {
      await expectFailure(() => tier.sessions.update(write(successor(record))), 'ambiguous', 'deadline');
      await expectFailure(() => tier.sessions.read(record.storageKey), 'ambiguous', 'deadline');
      await expectFailure(() => tier.probe(), 'ambiguous', 'deadline');
    } finally {
      await server.resume();
    }
    await until(() => tier.probe().then(() => true));
  });
});

describe('a wire in trouble', () => {
  let proxy: FaultProxy;
  let database: FreshDatabase;
  let client: Awaited<ReturnType<typeof openPrisma>>;
  let tier: DurableTier;
  let witness: DurableTier;

  beforeAll(async () => {
    const server = sharedPostgres();
    database = await freshDatabase('postgresql');
    witness = tierOf(database);
    await open(witness);
    proxy = await FaultProxy.start(server);
    const url = new URL(database.url);
    url.port = String(proxy.port);
    client = await openPrisma('postgresql', url.href, { ca: server.ca });
    tier = prismaTier(client.prisma, { provider: 'postgresql' });
    await open(tier);
  });

  afterAll(async () => {
    proxy.heal();
    await client.close();
    await proxy.stop();
    await database.close();
  });

  it.each(['up', 'both'] as const)('that stalls (%s) leaves the outcome open', async (stall) => {
    const record = await insert(witness);
    proxy.set({ stall });
    await expectFailure(() => tier.sessions.update(write(successor(record))), 'ambiguous', 'deadline');
    proxy.heal();
    await until(() => tier.probe().then(() => true));
  });

  it('that loses the answer to a write lets the same write be asked for again', async () => {
    const record = await insert(witness);
    const command = write(successor(record));
    await tier.probe();
    proxy.set({ stall: 'down' });
    await expectFailure(() => tier.sessions.update(command), 'ambiguous', 'deadline');
    expect(await witness.sessions.read(record.storageKey)).toEqual(command.record);
    proxy.heal();
    await until(() => tier.probe().then(() => true));
    expect(await tier.sessions.update(command)).toBe(true);
    expect(await tier.sessions.update({ ...command, writeId: writeId() })).toBe(false);
  });

  it('that loses the answer to a mass revocation answers again which sessions were revoked', async () => {
    const userKey = randomBytes(32);
    const all = await Promise.all([1, 2, 3].map(() => insert(witness, { userKey })));
    const command = revokeAll([userKey]);
    await tier.probe();
    proxy.set({ stall: 'down' });
    await expectFailure(() => tier.sessions.revokeMany(command), 'ambiguous', 'deadline');
    proxy.heal();
    await until(() => tier.probe().then(() => true));
    expect(await tier.sessions.revokeMany(command)).toHaveLength(all.length);
  });

  it('that is cut leaves the outcome open at once', async () => {
    const record = await insert(witness);
    await using lock = await lockRow(database, record);
    const update = tier.sessions.update(write(successor(record)));
    await lock.untilSomebodyWaits();
    proxy.resetAll();
    await expectFailure(() => update, 'ambiguous', 'connection-lost');
    await lock.release();
    await tier.probe();
  });

  it('that refuses connections leaves nothing half done', async () => {
    const record = await insert(witness);
    proxy.set({ refuse: true });
    proxy.resetAll();
    const failure = await failureOf(() => tier.sessions.update(write(successor(record))));
    expect(['ambiguous', 'not-sent']).toContain(failure.kind);
    proxy.heal();
    await until(() => tier.probe().then(() => true));
    expect(await witness.sessions.read(record.storageKey)).toEqual(record);
  });
});

// --- What the tests are made of ----------------------------------------------------------------------------------
