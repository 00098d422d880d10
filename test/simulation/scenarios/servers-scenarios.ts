import { refuse } from '../../support/memory-fleet.ts';
import { Stage, type Scenario } from './scene.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

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
  /** A client that starts while no other runs sets the time to its own clock; the others take that time when they go on. */
  'a client that goes on after another has set the time forward': async () => {
    const { world, outcome, node } = new Stage(1, { servers: 2, isBalanced: false });
    const pass = (ms: number) => Promise.all([world.pause(ms), world.run(world.now + ms)]);
    const writer = node();
    await outcome(writer.client.ready());
    const { id } = await outcome(writer.client.create({ cart: [] }));
    writer.process.block(3 * MINUTE);
    await pass(2 * MINUTE);
    const reader = node();
    reader.process.clock.set(10 * MINUTE);
    await outcome(reader.client.ready());
    await pass(2 * MINUTE);
    // The first read also touches the session, which confirms the copy.
    await outcome(reader.client.get(id));
    await outcome(world.pause(5_000));
    writer.primary.hook.before = refuse;
    await outcome(writer.client.update(id, ({ cart }) => void cart.push('A1')));
    await outcome(world.pause(2_000));
    const seen = await outcome(reader.client.get(id));
    return seen?.data.cart.length === 1 ? null : 'a client did not see what another had written without reaching Redis';
  },
} satisfies Record<string, Scenario>;
