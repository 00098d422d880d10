import { durableTierCases, primaryTierCases, type PrimaryTierSubject } from 'holdfast/testing';
import { afterAll, describe, it } from 'vitest';
import { systemPlatform } from '../../src/platform/platform.ts';
import { subjectOn } from '../support/memory-database.ts';
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

describe('the primary tier contract: simulated redis', () => {
  const redis = new SimulatedRedis(world, new Weather());
  const subject: PrimaryTierSubject = { makeTier: () => redis.connect(node()), namespaces: ['shop', 'blog'] };
  it.each(primaryTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});

describe('the primary tier contract: simulated cluster', () => {
  const redis = new SimulatedRedis(world, new Weather(), 3);
  const subject: PrimaryTierSubject = { makeTier: () => redis.connect(node()), namespaces: ['shop', 'blog'] };
  it.each(primaryTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});

describe('the durable tier contract: simulated database', () => {
  const database = new SimulatedDatabase(world, new Weather(), fromNow);
  const subject = subjectOn(database.rows, () => database.connect(node()));
  it.each(durableTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});
