import type { GaleraNode } from '../../support/servers/galera.ts';
import { until } from '../../support/servers/until.ts';
import type { Galera } from '../database/galera.ts';
import { type FaultKind, healedBy, oneOf, type Scene } from './fault-kind.ts';

const CLOCKS = ['-40s', '+40s', undefined];

function galera({ fleet: { database } }: Scene): Galera {
  if (database.name !== 'galera') throw new Error('this fault is one of Galera');
  return database;
}

/** The server of the scene's node is in trouble. At the end all are members again. */
function serverFault(trouble: (server: GaleraNode, scene: Scene) => Promise<() => Promise<unknown>>): FaultKind {
  return {
    group: 'database',
    partsNodes: true,
    ...healedBy(async (scene) => {
      const heal = await trouble(galera(scene).at(scene.node.place), scene);
      return async () => {
        await heal();
        await galera(scene).whenWhole();
      };
    }),
  };
}

const loses = (server: GaleraNode): Promise<true> =>
  until(async () => (await server.status())['wsrep_cluster_status'] === 'non-Primary', {
    what: `${server.name} to lose the quorum`,
  });

/** What others commit is not applied by the server, with or without making them wait. */
const applyStalled = (flowControl: boolean): FaultKind =>
  serverFault(async (server) => {
    await server.stallApply({ flowControl, by: server.others[0]! });
    return () => server.resumeApply();
  });

/** Of the three servers. */
export const GALERA_FAULTS = {
  'galera-killed': serverFault(async (server) => {
    await server.kill();
    return () => server.start();
  }),
  /** Half of the time until the others go on without it. */
  'galera-frozen': serverFault(async (server, { choice }) => {
    await server.freeze();
    return async () => {
      const [other] = server.others;
      if (choice < 0.5) await until(async () => (await other!.status())['wsrep_cluster_size'] === '2');
      await server.thaw();
    };
  }),
  /** Cut off from the other servers and not from its clients; most of the time until it notices. */
  'galera-isolated': serverFault(async (server, { choice }) => {
    await server.isolate();
    return async () => {
      if (choice < 0.7) await loses(server);
      await server.rejoin();
    };
  }),
  /** Nobody answers until the others are back. */
  'galera-quorum-lost': serverFault(async (server) => {
    await Promise.all(server.others.map((other) => other.freeze()));
    return async () => {
      await loses(server);
      await Promise.all(server.others.map((other) => other.thaw()));
    };
  }),
  'galera-apply-stalled': applyStalled(false),
  'galera-flow-stopped': applyStalled(true),
  /** Started again with a clock that goes wrong, or right, from then on. */
  'galera-clock-set': serverFault(async (server, { choice }) => {
    await server.kill();
    server.clock = oneOf(
      CLOCKS.filter((clock) => clock !== server.clock),
      choice,
    );
    return () => server.start();
  }),
} as const satisfies Record<string, FaultKind>;
