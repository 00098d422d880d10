import { add } from '../../support/memory-fleet.ts';
import { twoOnStage, type Scenario } from './scene.ts';

const HOUR = 3_600_000;

/** Clocks that are set, and machines that sleep. */
export const clockScenarios = {
  /** Marks that are made now are dated before what was polled last. */
  'a clock of the database that is set back': async () => {
    const { world, redis, database, outcome, reader, writer, id } = await twoOnStage();
    database.clock.jump(-20_000);
    await outcome(world.pause(1_500));
    redis.cut(writer.process);
    await outcome(writer.client.destroy(id));
    await outcome(world.pause(1_600));
    return (await outcome(reader.client.get(id))) === null ? null : 'a session was served 1.6 s after its end';
  },

  'a clock of the database that was ahead': async () => {
    const { world, redis, database, outcome, reader, writer, id } = await twoOnStage();
    database.clock.jump(HOUR);
    await outcome(world.pause(3_000));
    database.clock.jump(-HOUR);
    await outcome(world.pause(8_000));
    redis.cut(writer.process);
    await outcome(writer.client.destroy(id));
    await outcome(world.pause(1_600));
    return (await outcome(reader.client.get(id))) === null ? null : 'a session was served 1.6 s after its end';
  },

  /** Earlier keys are dated by the clocks of nodes. */
  'a clock of the database that is ahead for good': async () => {
    const { world, database, outcome, reader, writer, id } = await twoOnStage({ revalidateAfter: '2s' });
    database.clock.jump(HOUR);
    await outcome(world.pause(50_000));
    const moved = await outcome(writer.client.regenerate(id));
    await outcome(world.pause(3_000));
    await outcome(reader.client.destroy(id));
    return (await outcome(reader.client.get(moved.id))) === null
      ? null
      : 'a logout with the id of before ended nothing';
  },

  /** Two marks of one row may have one date, since a mark is never moved back. */
  'a mark that has the date of the one before': async () => {
    const { world, redis, database, outcome, reader, writer, id } = await twoOnStage();
    redis.cut(writer.process);
    await outcome(add(writer.client, id, 'A1'));
    await outcome(world.pause(2_200));
    await outcome(reader.client.get(id));
    await outcome(world.pause(100));
    database.clock.jump(-4_000);
    await outcome(add(writer.client, id, 'A2'));
    await outcome(world.pause(1_600));
    const session = await outcome(reader.client.get(id));
    return session?.data.cart.length === 2 ? null : 'a write was not seen 1.6 s later';
  },

  /** Stamps from the time when it was ahead must not keep copies from being believed for as long as it was. */
  'a clock of Redis that was ahead': async () => {
    const { world, redis, outcome, reader, writer, id } = await twoOnStage({ revalidateAfter: '2s' });
    const pass = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second += 1) {
        await outcome(reader.client.get(id));
        // Only the answers of scripts carry the time.
        const { id: young } = await outcome(writer.client.create({ cart: [] }));
        await outcome(reader.client.get(young));
        await outcome(world.pause(1_000));
      }
    };
    redis.master.clock.jump(HOUR);
    await pass(3);
    redis.master.clock.jump(-HOUR);
    await pass(5);
    const session = await outcome(reader.client.get(id));
    return session?.servedBy === 'primary' ? null : 'copies were not believed any more';
  },

  /** The monotonic clock does not show for how long the feed was not read. */
  'a machine that slept': async () => {
    const { world, redis, outcome, reader, writer, id } = await twoOnStage();
    await outcome(world.pause(500));
    const wakesAt = world.now + 20_000;
    reader.process.suspend(20_000);
    redis.cut(writer.process);
    await outcome(writer.client.destroy(id));
    await outcome(world.pause(wakesAt - world.now + 1));
    return (await outcome(reader.client.get(id))) === null ? null : 'a session was served 20 s after its end';
  },
} satisfies Record<string, Scenario>;
