import { describe, expect, it } from 'vitest';
import { Weather } from './faults.ts';
import { SimulatedRedis } from './servers/simulated-redis.ts';
import { moveSlot } from './servers/slot-migration.ts';
import { World } from './world.ts';

const SLOT = 0;
/** The former owner learns of a move at another moment in each. */
const SEEDS = Array.from({ length: 20 }, (_, at) => at + 1);

describe('a slot that moves in the simulated cluster', () => {
  it('ends at one owner, though its former owner takes it for its own for a while and is to move it again', async () => {
    for (const seed of SEEDS) {
      const world = new World(seed);
      const { shards } = new SimulatedRedis(world, new Weather(), 2);
      const [home, away] = [shards[0]!, shards[1]!];
      let epochs = 10;
      const move = (from: typeof home, to: typeof home, lengthMs: number): void =>
        moveSlot(world, { from, to, slot: SLOT, lengthMs, epoch: () => (epochs += 1) }, () => undefined);
      move(home, away, 5);
      world.at(6, () => move(away, home, 20));
      world.at(10, () => move(home, away, 20));
      await world.run(1_000);
      const owners = shards.map(({ master }) => master.slots?.has(SLOT));
      expect(owners, `seed ${seed}`).toEqual([true, false]);
      for (const { master } of shards) {
        expect([...master.moving.keys(), ...master.importing], `seed ${seed}, ${master.name}`).toEqual([]);
      }
    }
  });
});
