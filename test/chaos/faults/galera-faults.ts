import type { GaleraNode } from '../../support/servers/galera.ts';
import { until } from '../../support/servers/until.ts';
import type { Galera } from '../database/galera.ts';
import { type FaultKind, healedBy, type Scene } from './fault-kind.ts';

function galera({ fleet: { database } }: Scene): Galera {
  if (database.name !== 'galera') throw new Error('this fault is one of Galera');
  return database;
}

/** The server of the scene's node is in trouble. At the end it has to be a member again. */
function serverFault(trouble: (server: GaleraNode, scene: Scene) => Promise<() => Promise<void>>): FaultKind {
  return {
    group: 'database',
    ...healedBy(async (scene) => {
      const heal = await trouble(galera(scene).at(scene.node.place), scene);
      return async () => {
        await heal();
        await galera(scene).whenWhole();
      };
    }),
  };
}

/** Of three servers, and of the wires between each node and its server. */
export const GALERA_FAULTS = {
  'galera-killed': serverFault(async (server) => {
    await server.kill();
    return () => server.start();
  }),
  /** Now and then the others go on without it. */
  'galera-frozen': serverFault(async (server) => {
    await server.freeze();
    return () => server.thaw();
  }),
  'galera-wire-cut': {
    group: 'database',
    async begin({ node: { toDatabase } }) {
      const { refused } = toDatabase;
      toDatabase.set({ refuse: true });
      toDatabase.resetAll();
      await until(() => toDatabase.refused > refused, { what: 'a connection to be refused' });
    },
    end: ({ node }) => node.toDatabase.heal(),
  },
} as const satisfies Record<string, FaultKind>;
