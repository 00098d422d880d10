import type { KeyRing } from 'holdfast';
import { setPassword } from '../../../examples/shop/users.ts';
import { migrate, openPrisma, type OpenedPrisma } from '../../support/servers/databases.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { startPostgres } from '../../support/servers/postgres.ts';
import { startRedis } from '../../support/servers/redis.ts';
import { NAMESPACE } from '../fleet.ts';
import { KeyCabinet } from '../key-cabinet.ts';
import { Customers } from './customers.ts';
import { Facts } from './facts.ts';
import { Feed } from './feed.ts';
import { Recorder } from './recorder.ts';
import { ShopNode, type NodeServers } from './shop-node.ts';

/** What the buttons have done to the servers. */
export interface Machines {
  redis: 'frozen' | 'killed' | 'running';
  isSlow: boolean;
  database: 'running' | 'stopped';
  /** When Redis last wrote its snapshot, with which it can come back. */
  snapshotAt: number;
}

/** Everything that the page is about. */
export interface World extends NodeServers {
  readonly nodes: readonly [ShopNode, ShopNode];
  /** A client of the database beside the shop's own, to look at what is really stored. */
  readonly auditor: OpenedPrisma;
  readonly facts: Facts;
  readonly feed: Feed;
  readonly machines: Machines;
  /** The key ring in the file, as it was last read. */
  ring: KeyRing;
  /** The id of the session that was last ended by "log out everywhere". */
  endedId: string | undefined;
}

/** Starts the servers and both nodes; `resources` stops them. */
export async function openWorld(resources: AsyncDisposableStack): Promise<World> {
  const [redis, postgres, keys] = await together([
    startRedis({ namespace: NAMESPACE }).then((server) => resources.use(server)),
    startPostgres().then((server) => resources.use(server)),
    KeyCabinet.open().then((cabinet) => resources.use(cabinet)),
    ...['ada', 'bob'].map((name) => setPassword(name, 'lantern')),
  ]);
  await migrate('postgresql', postgres.url, { ca: postgres.ca });
  const wire = resources.use(await FaultProxy.start(redis));
  const auditor = resources.use(await openPrisma('postgresql', postgres.url, { ca: postgres.ca, connections: 2 }));
  const servers = { redis, wire, postgres, keys, recorder: new Recorder() };
  const facts = resources.use(new Facts());
  const startNode = async (number: number): Promise<ShopNode> => resources.use(await ShopNode.start(servers, number));
  const nodes = await together([startNode(1), startNode(2)]);
  const machines: Machines = { redis: 'running', isSlow: false, database: 'running', snapshotAt: 0 };
  const feed = new Feed();
  const world: World = {
    ...servers,
    auditor,
    facts,
    nodes,
    feed,
    machines,
    ring: await keys.source().load(),
    endedId: undefined,
  };
  resources.use(await Customers.open(world));
  await takeSnapshot(world);
  return world;
}

/** Waits for all of them also if one fails: what starts has to be there before it can be stopped. */
async function together<T extends readonly Promise<unknown>[]>(
  starts: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(starts);
  return Promise.all(starts);
}

/** Redis writes what it holds to its disk: later, this is the old data with which it comes back. */
export async function takeSnapshot({ redis, machines }: World): Promise<void> {
  if (machines.redis !== 'running') return;
  await redis.save();
  machines.snapshotAt = Date.now();
}
