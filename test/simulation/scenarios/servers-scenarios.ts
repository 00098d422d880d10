import { Stage, type Scenario } from './scene.ts';

const HOUR = 3_600_000;

/** A database of several servers, whose clocks differ. */
export const serversScenarios = {
  /** The server compares the deadline of the statement with its own clock, once it has applied its queue. */
  'a write that waits at a server whose clock is behind': async () => {
    const { world, database, outcome, node } = new Stage(1, { servers: 2, isBalanced: false });
    const [first, writer] = [node(), node()];
    await outcome(Promise.all([first.client.ready(), writer.client.ready()]));
    const { id } = await outcome(first.client.create({ cart: [] }));
    const behind = database.cluster!.servers[1]!;
    behind.clock.set(-HOUR);
    await outcome(writer.client.get(id));
    await outcome(world.pause(3_000));
    behind.stallFor(world, 20_000);
    await outcome(writer.client.update(id, ({ cart }) => void cart.push('A1')).catch(() => undefined));
    await outcome(world.pause(25_000));
    return database.commits.some(({ revision }) => revision > 1)
      ? 'a write took effect long after it was given up'
      : null;
  },
} satisfies Record<string, Scenario>;
