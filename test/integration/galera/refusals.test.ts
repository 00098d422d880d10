import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, insert, openTier } from '../../support/durable-commands.ts';
import { openPrisma } from '../../support/servers/databases.ts';
import { type GaleraCluster, type GaleraNode, hasGalera, startGalera } from '../../support/servers/galera.ts';
import { asMariadbAdmin } from '../../support/servers/mariadb.ts';
import { until } from '../../support/servers/until.ts';

describe.skipIf(!hasGalera())('a node of a cluster that cannot answer', () => {
  let cluster: GaleraCluster;
  let first: GaleraNode;
  let third: GaleraNode;

  beforeAll(async () => {
    cluster = await startGalera();
    [first, third] = [cluster.node(0), cluster.node(2)];
  });
  afterAll(() => cluster?.stop());
  afterEach(() => cluster.whenComplete());

  it('says that it has no quorum, to clients that are connected and to new ones', async () => {
    await using connected = await openPrisma('mysql', third.url, { ca: third.ca });
    const tier = await openTier(connected.prisma, 'mysql');
    await third.isolate();
    try {
      await until(async () => (await third.status())['wsrep_cluster_status'] === 'non-Primary');
      await using later = await openPrisma('mysql', third.url, { ca: third.ca });
      const calls = [
        () => insert(tier),
        () => tier.sessions.read(Buffer.alloc(32)),
        () => tier.feed.read(0, 10),
        () => tier.probe(),
      ];
      for (const call of [...calls, () => openTier(later.prisma, 'mysql')]) {
        expect(await failureOf(call)).toMatchObject({ kind: 'rejected', reason: 'no-quorum' });
      }
    } finally {
      await third.rejoin();
    }
  });

  it('says that it lags behind its cluster, once it has waited', async () => {
    await using client = await openPrisma('mysql', third.url, { ca: third.ca });
    const tier = await openTier(client.prisma, 'mysql');
    await asMariadbAdmin(third, "SET GLOBAL wsrep_provider_options = 'repl.causal_read_timeout=PT1S'");
    await third.stallApply({ flowControl: false, by: first });
    try {
      await using other = await openPrisma('mysql', first.url, { ca: first.ca });
      const record = await insert(await openTier(other.prisma, 'mysql'));
      const late = { kind: 'rejected', reason: 'cluster-wait' };
      expect(await failureOf(() => tier.sessions.read(record.storageKey))).toMatchObject(late);
      expect(await failureOf(() => tier.feed.read(0, 10))).toMatchObject(late);
      expect(await failureOf(() => tier.probe())).toMatchObject(late);
    } finally {
      await third.resumeApply();
    }
  });
});
