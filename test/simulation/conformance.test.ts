import { afterAll } from 'vitest';
import { systemPlatform } from '../../src/platform/platform.ts';
import { describeDurableTier, type DurableDatabase } from '../conformance/durable-contract.ts';
import { describePrimaryTier } from '../conformance/primary-contract.ts';
import { describeSweep } from '../conformance/sweep-contract.ts';
import { Weather } from './faults.ts';
import { SimulatedDatabase } from './servers/simulated-database.ts';
import { SimulatedRedis } from './servers/simulated-redis.ts';
import { EPOCH_MS, Process, World } from './world.ts';

/*
 * The simulated servers in fair weather, held to the contracts that the real ones are held to. Their time goes by as the
 * real one does, because the contracts wait for it.
 */
const world = new World(1);
const startedAt = systemPlatform.monotonic();
const timer = setInterval(() => void world.run(systemPlatform.monotonic() - startedAt), 1);
afterAll(() => clearInterval(timer));

/** Clocks of simulated servers begin at their own time, and this is how far it is from now. */
const fromNow = systemPlatform.now() - EPOCH_MS;
let nodes = 0;
const node = (): Process => {
  nodes += 1;
  return new Process(world, `node-${nodes}`, 0);
};

describePrimaryTier('simulated redis', async () => {
  const redis = new SimulatedRedis(world, new Weather());
  return { makeTier: () => redis.connect(node()), namespaces: ['shop', 'blog'] };
});

const openDatabase = async (): Promise<DurableDatabase> => {
  const database = new SimulatedDatabase(world, new Weather(), fromNow);
  return {
    makeTier: () => database.connect(node()),
    mark: async (storageKey, dirtyAt) => {
      const id = storageKey.toString('hex');
      const row = database.rows.get(id);
      if (row) database.rows.set(id, { ...row, dirtyAt });
    },
  };
};

describeDurableTier('simulated database', openDatabase);
describeSweep('simulated database', openDatabase);
