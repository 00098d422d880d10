import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FEED_INTERVAL_MS, FEED_FRESH_MS } from '../../../src/limits/feed.ts';
import type { SessionClient } from '../../../src/index.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import { realClient, type Shop } from '../../support/real-client.ts';
import { cleanups, isBack, opened, SLACK_MS } from '../../support/real-redis-tier.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { newAccount } from '../../support/servers/redis-config.ts';
import { startRedis, type RedisServer } from '../../support/servers/redis.ts';
import { until } from '../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase } from '../../support/shared.ts';

/** Two servers, each of which can follow the other; the clients are connected to the first. */
let server: RedisServer;
let other: RedisServer;
let database: FreshDatabase;
const clients: SessionClient<Shop>[] = [];

beforeEach(async () => {
  const [certificates, application] = [await (await createAuthority()).issue(), newAccount('shop')];
  const options = {
    certificates,
    application,
    directives: { 'tls-replication': 'yes', 'repl-diskless-sync-delay': '0' },
  };
  [server, other, database] = await Promise.all([
    startRedis(options),
    startRedis(options),
    freshDatabase('postgresql'),
  ]);
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all([server.stop(), other.stop(), database.close()]);
});

/** Copies everything that the other server holds, over what is there. */
async function follow(replica: RedisServer, master: RedisServer): Promise<void> {
  await replica.config('masteruser', master.admin.username);
  await replica.config('masterauth', master.admin.password);
  await replica.cli('REPLICAOF', master.hostForServers, master.port);
  const isSynchronized = async () => String(await replica.cli('INFO', 'replication')).includes('master_link_status:up');
  await until(isSynchronized, { what: 'the replica to be synchronized' });
}

const promote = (replica: RedisServer) => replica.cli('REPLICAOF', 'NO', 'ONE');

async function node(): Promise<SessionClient<Shop>> {
  const client = await realClient({ redis: server, database });
  clients.push(client);
  await client.ready();
  return client;
}

const warm = (client: SessionClient<Shop>, id: string) =>
  until(async () => (await client.get(id))?.servedBy === 'primary', { what: 'a hit' });

/** Two masters for a while; then the first follows the second and is promoted again. Nobody's connection to it breaks. */
async function demoteAndPromoteAgain(meanwhile: () => Promise<unknown>): Promise<void> {
  await follow(other, server);
  await promote(other);
  await meanwhile();
  await follow(server, other);
  await promote(server);
}

describe('a master that follows another and is promoted again in the same process', () => {
  it('does not bring back for a new client what was destroyed before', async () => {
    const before = await node();
    const { id } = await before.create({ cart: [] });
    await warm(before, id);
    await demoteAndPromoteAgain(() => before.destroy(id));
    // The copy from before is back.
    expect(Number(await server.cli('EXISTS', nameOf(id)))).toBe(1);
    const after = await node();
    for (let round = 0; round < 20; round += 1) expect(await after.get(id)).toBeNull();
  });

  it('is noticed within 1.5 s by a client whose connection stayed open', async () => {
    const client = await node();
    const { id } = await client.create({ cart: [] });
    await warm(client, id);
    await demoteAndPromoteAgain(() => client.destroy(id));
    const promotedAt = performance.now();
    const isNoticed = async () =>
      (await client.get(id)) === null || performance.now() - promotedAt > FEED_FRESH_MS + SLACK_MS;
    await until(isNoticed);
    for (let round = 0; round < 20; round += 1) expect(await client.get(id)).toBeNull();
    const another = await client.create({ cart: [] });
    await warm(client, another.id);
  });

  it('is another incarnation for the tier, which connects anew', async () => {
    const tier = await opened(server, { tls: { ca: server.ca ?? '' } });
    const { incarnation } = tier.vantage()!;
    await tier.confirm();
    await demoteAndPromoteAgain(async () => {});
    await expect(tier.confirm()).rejects.toMatchObject({ kind: 'rejected', reason: 'another-incarnation' });
    expect(tier.vantage()).toBeNull();
    expect(tier.failure()).toMatchObject({ reason: 'another-incarnation' });
    await isBack(tier);
    expect(tier.vantage()!.incarnation).not.toBe(incarnation);
    await tier.confirm();
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });
});

describe('a master that follows another', () => {
  it('serves no call over a connection that stayed open', async () => {
    const client = await node();
    const { id } = await client.create({ cart: [] });
    await warm(client, id);
    await follow(server, other);
    const demotedAt = performance.now();
    await until(async () => (await client.get(id))?.servedBy === 'durable', {
      timeoutMs: FEED_FRESH_MS + 2 * SLACK_MS,
    });
    await until(async () => (await client.health()).primary.state === 'down');
    expect(performance.now() - demotedAt).toBeLessThan(FEED_INTERVAL_MS + FEED_FRESH_MS + SLACK_MS);
    await promote(server);
    await warm(client, id);
  });
});

const nameOf = (id: string): string => `holdfast:s:${storageKeyOf(id).toString('base64url')}`;
