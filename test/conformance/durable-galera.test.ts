import { durableTierCases, type DurableTierSubject } from 'holdfast/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { prismaTier } from '../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../src/tiers/durable.ts';
import { aroundDurable, type DurableMethod, type Method } from '../support/durable-methods.ts';
import { openPrisma, type OpenedPrisma } from '../support/servers/databases.ts';
import { type GaleraCluster, hasGalera, startGalera } from '../support/servers/galera.ts';

const NODES = 3;
/** No answer is on its way for longer. */
const ANSWER_MS = 500;
/** These belong to the tier and not to the database: each node has its own. */
const OF_EACH_NODE: ReadonlySet<DurableMethod> = new Set(['open', 'close']);
/** The cases that compare the times of two calls. Those of two clients may be a second or two apart, so each of these has one client. */
const COMPARES_TIMES = /^(feed|fleet|probe|the reports|upkeep\.claimSweep)|late|in time|clock|deadline/;

describe.skipIf(!hasGalera())('the durable tier contract: prisma on Galera, each call to the next node', () => {
  let cluster: GaleraCluster;
  let clients: OpenedPrisma[];

  beforeAll(async () => {
    cluster = await startGalera({ nodes: NODES });
    clients = await Promise.all(cluster.nodes.map(({ url, ca }) => openPrisma('mysql', url, { ca })));
  });
  afterAll(async () => {
    await Promise.all((clients ?? []).map((client) => client.close()));
    await cluster?.stop();
  });

  const makeTiers = (): DurableTier[] => clients.map(({ prisma }) => prismaTier(prisma, { provider: 'mysql' }));
  const subject: DurableTierSubject = {
    makeTier: () => inTurns(makeTiers()),
    async mark(storageKey, dirtyAt) {
      const where = { storageKey: new Uint8Array(storageKey) };
      await clients[0]!.prisma.holdfastSession.update({ where, data: { dirtyAt: BigInt(dirtyAt) } });
      await cluster.whenComplete();
    },
    async see(namespace, { nodeId }, seenAt) {
      const where = { namespace, nodeId: new Uint8Array(nodeId) };
      await clients[0]!.prisma.holdfastSessionNode.updateMany({ where, data: { seenAt: BigInt(seenAt) } });
      await cluster.whenComplete();
    },
  };

  it.each(durableTierCases.map((durableCase, at) => [durableCase.name, durableCase, at] as const))(
    '%s',
    (name, { run }, at) => {
      const makeTier = (): DurableTier => withMarksPast(makeTiers()[at % NODES]!);
      return run(COMPARES_TIMES.test(name) ? { ...subject, makeTier } : subject);
    },
  );
});

/** A tier whose calls go to these in turns, as those of a fleet whose processes are at different nodes. */
function inTurns(tiers: readonly DurableTier[]): DurableTier {
  let calls = 0;
  const methods = tiers.map((tier) => {
    const own = new Map<DurableMethod, Method>();
    aroundDurable(tier, (name, method) => {
      own.set(name, method);
      return method;
    });
    return own;
  });
  return aroundDurable(tiers[0]!, (name) => async (...args) => {
    if (OF_EACH_NODE.has(name)) return (await Promise.all(methods.map((own) => own.get(name)!(...args))))[0];
    calls += 1;
    return methods[calls % tiers.length]!.get(name)!(...args);
  });
}

/**
 * A server's clock, corrected by a client, may be ahead of that client's time by as long as the answer was on its way that it was read
 * from. The feed looks back ten seconds, so a mark that is ahead is found all the same; the contract wants the present to be later.
 */
function withMarksPast(tier: DurableTier): DurableTier {
  return aroundDurable(tier, (name, own) => async (...args) => {
    if (name !== 'feed.read') return own(...args);
    const page = (await own(...args)) as Awaited<ReturnType<DurableTier['feed']['read']>>;
    const ahead = page.rows.map(({ dirtyAt }) => dirtyAt).filter((dirtyAt) => dirtyAt - page.now < ANSWER_MS);
    return { ...page, now: Math.max(page.now, ...ahead) };
  });
}
