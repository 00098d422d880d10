import { subscribe } from 'node:diagnostics_channel';
import { migrate, openPrisma } from '../../support/servers/databases.ts';
import { startRedis } from '../../support/servers/redis.ts';
import { startSqlite } from '../../support/servers/sqlite.ts';
import { Fleet, NAMESPACE } from '../fleet.ts';
import { KeyCabinet } from '../key-cabinet.ts';
import { Ledger } from '../ledger.ts';
import { Traffic } from '../load.ts';
import type { Customer, Stage } from '../stage.ts';
import { paint, type Timeline } from '../timeline.ts';
import type { Verdict } from '../verdict.ts';

const NODES = 2;
const CUSTOMERS = 50;
/** For each session; the client's own default is twelve hours. */
const LIFETIME = { absolute: '2h' } as const;

export interface Props {
  readonly timeline: Timeline;
  readonly verdict: Verdict;
  readonly resources: AsyncDisposableStack;
}

/** Starts the servers and the nodes, and lets the customers in. */
export async function openTheShop({ timeline, verdict, resources }: Props): Promise<Stage> {
  timeline.chapter('The shop opens');
  const redis = resources.use(await startRedis({ namespace: NAMESPACE }));
  const database = resources.use(await startSqlite());
  await migrate('sqlite', database.url);
  const auditor = resources.use(await openPrisma('sqlite', database.url));
  const keys = resources.use(await KeyCabinet.open());
  timeline.say(
    `${redis.flavour} on port ${redis.port} (TLS, own certificate authority, ACL user "${redis.username}"), and a SQLite file`,
  );
  const fleet = resources.use(await Fleet.start({ redis, database, keys }, NODES));
  timeline.say(`${fleet.size} nodes, one key ring in a sealed file`);
  announceTierChanges(timeline);

  const ledger = new Ledger();
  const letIn = async (name: string): Promise<Customer> => {
    const userId = `${name}@customers.example`;
    const { id } = await fleet.call((sessions) =>
      sessions.create({ cart: [] }, { userId, label: `${name}'s telephone`, lifetime: LIFETIME }),
    );
    ledger.open(id);
    return { userId, id };
  };
  const [ada, bob, grace] = [await letIn('ada'), await letIn('bob'), await letIn('grace')];
  const others = await Promise.all(Array.from({ length: CUSTOMERS }, (_, at) => letIn(`customer-${at}`)));
  timeline.say(`${CUSTOMERS + 3} customers have a session of two hours`);
  const traffic = new Traffic(fleet, ledger, others);
  resources.defer(() => traffic.stop());
  return {
    timeline,
    verdict,
    redis,
    database,
    auditor,
    keys,
    fleet,
    ledger,
    traffic,
    ada,
    bob,
    grace,
    everyone: [ada, bob, grace, ...others],
  };
}

/** Prints the library's events, each with its node. */
function announceTierChanges(timeline: Timeline): void {
  subscribe('holdfast:tier-change', (message) => {
    const { tier, state, reason } = message as { tier: string; state: 'degraded' | 'down' | 'up'; reason: string };
    timeline.say(paint(state === 'up' ? 'green' : 'yellow', `a node notices: ${tier} tier ${state} (${reason})`));
  });
}
