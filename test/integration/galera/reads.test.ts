import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchange, increments, type Member, memberAt, NOTHING_WRONG } from '../../support/galera-fleet.ts';
import { type GaleraCluster, hasGalera, startGalera } from '../../support/servers/galera.ts';
import { type RedisServer, startRedis } from '../../support/servers/redis.ts';

const INCREMENTS = 300;

describe.skipIf(!hasGalera())('clients beside three nodes of Galera', () => {
  let cluster: GaleraCluster;
  let redis: RedisServer;
  let withRedis: Member[] = [];
  let withoutRedis: Member[] = [];

  beforeAll(async () => {
    [cluster, redis] = await Promise.all([startGalera(), startRedis()]);
  });
  afterAll(() => Promise.all([cluster?.stop(), redis?.stop()]));

  describe.each([0, 15])('whose wsrep_sync_wait is %i', (syncWait) => {
    beforeAll(async () => {
      await Promise.all(cluster.nodes.map((node) => node.setSyncWait(syncWait)));
      withRedis = await Promise.all(cluster.nodes.map((node) => memberAt(node, redis)));
      withoutRedis = await Promise.all(cluster.nodes.map((node) => memberAt(node, redis, { hasRedis: false })));
    });
    afterAll(async () => {
      await Promise.all([...withRedis, ...withoutRedis].map((member) => member[Symbol.asyncDispose]()));
    });

    it.each([
      ['both with Redis', () => [withRedis, withRedis]],
      ['both without Redis', () => [withoutRedis, withoutRedis]],
      ['the writer alone with Redis', () => [withRedis, withoutRedis]],
      ['the reader alone with Redis', () => [withoutRedis, withRedis]],
    ])('find what another node has written, %s', async (_, members) => {
      const [writers = [], readers = []] = members();
      const pairs = writers.map((writer, at) => exchange(writer, readers[(at + 1) % readers.length]!));
      expect(await Promise.all(pairs)).toEqual(writers.map(() => NOTHING_WRONG));
    });

    it.each([
      ['with Redis', () => withRedis],
      ['without Redis', () => withoutRedis],
    ])('lose none of the updates of one session, %s', async (_, members) => {
      expect(await increments(members(), INCREMENTS)).toBe(INCREMENTS);
    });
  });
});
