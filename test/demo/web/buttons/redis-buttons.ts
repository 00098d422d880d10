import { redisKey } from '../../stored.ts';
import { decodeRevision } from '../parts/entry-parts.ts';
import { failuresOf, ms, plural, type Change, type Watch } from '../watch.ts';
import type { World } from '../world.ts';
import { CannotPress, type Button, type Visitor } from './button.ts';

/** On each way; the round trip is then above half of the client's `primaryTimeout`. */
const DELAY_MS = 100;
/** There are some commands in each second. */
const FLIPPED_MS = 3_000;

const kill: Button = async ({ redis, wire, machines }) => {
  if (machines.redis === 'killed') throw new CannotPress('Redis is dead already. Bring it back first.');
  machines.redis = 'killed';
  machines.isSlow = false;
  wire.heal();
  await redis.kill();
  return { did: 'Redis was killed (SIGKILL).', reaction: lost };
};

const freeze: Button = async (world) => {
  requireRunning(world);
  world.machines.redis = 'frozen';
  await world.redis.pause();
  return { did: 'Redis was frozen (SIGSTOP): its connections are open, and nothing is answered.', reaction: lost };
};

const thaw: Button = async ({ redis, machines }) => {
  if (machines.redis !== 'frozen') throw new CannotPress('Redis is not frozen.');
  await redis.resume();
  machines.redis = 'running';
  return { did: 'Redis goes on where it was frozen (SIGCONT).', reaction: (watch) => servesAgain(watch) };
};

const slow: Button = async (world) => {
  requireRunning(world);
  world.machines.isSlow = true;
  world.wire.set({ latencyMs: DELAY_MS });
  return { did: `Every answer of Redis now takes ${2 * DELAY_MS} ms longer.`, reaction: lost };
};

const quicken: Button = async ({ wire, machines }) => {
  if (!machines.isSlow) throw new CannotPress('Redis is not slow.');
  machines.isSlow = false;
  wire.heal();
  return { did: 'The wire to Redis is as fast as before.', reaction: (watch) => servesAgain(watch) };
};

const flip: Button = async (world) => {
  requireRunning(world);
  const { wire } = world;
  const renewed = wire.nextConnection();
  wire.set({ ...(world.machines.isSlow && { latencyMs: DELAY_MS }), flip: { direction: 'down', chunk: 1 } });
  return {
    did: 'One bit of the next answer on each connection to Redis was flipped on the wire.',
    async reaction(watch) {
      const reason = await Promise.race([renewed.then(() => watch.trouble('primary')), watch.pause(FLIPPED_MS)]);
      // New connections would lose a bit as well.
      wire.set(world.machines.isSlow ? { latencyMs: DELAY_MS } : {});
      const isBack = await watch.change('primary', 'up');
      const again = isBack === undefined ? '' : `, and a new one served after ${ms(isBack.tookMs)}`;
      return `TLS noticed it${reason === undefined ? '' : ` (${reason})`}: no altered byte was read, the connection was given up${again}; ${failuresOf(watch.count())}.`;
    },
  };
};

const bringBack: Button = async (world, visitor) => {
  const { redis, wire, machines } = world;
  if (machines.redis !== 'killed') await redis.kill();
  machines.redis = 'killed';
  machines.isSlow = false;
  wire.heal();
  await redis.start();
  machines.redis = 'running';
  const age = Math.round((Date.now() - machines.snapshotAt) / 1_000);
  const beliefs = await beliefsOf(world, visitor);
  return {
    did: `Redis is back with its snapshot from ${age} s ago. ${beliefs}`,
    reaction: (watch) => servesAgain(watch, () => truthOf(world, visitor)),
  };
};

export const REDIS_BUTTONS = { kill, freeze, thaw, slow, quicken, flip, 'bring-back': bringBack } as const;

function requireRunning({ machines }: World): void {
  if (machines.redis === 'killed') throw new CannotPress('Redis is dead. Bring it back first.');
  if (machines.redis === 'frozen') throw new CannotPress('Redis is frozen. Thaw it first.');
}

async function lost(watch: Watch): Promise<string> {
  const change = await watch.change('primary', 'away');
  await watch.pause();
  const count = watch.count();
  const noticed = `The library took it out of use ${afterOf(change)}${change?.reason === undefined ? '' : ` (${change.reason})`}`;
  return `${noticed}, and the database answers: ${plural(count.database, 'read')} since, the slowest call took ${ms(count.slowestMs)}; ${failuresOf(count)}.`;
}

/** `truth` returns what the nodes give the visitor; undefined if that says nothing. */
async function servesAgain(watch: Watch, truth?: () => Promise<string | undefined>): Promise<string> {
  const change = await watch.change('primary', 'up');
  const from = Date.now();
  await watch.pause();
  const { redis, database, ...rest } = watch.count(from);
  const seen = (await truth?.()) ?? `${plural(redis, 'read')} from Redis since, ${database} from the database`;
  return `The library uses it again ${afterOf(change)}, and believes a copy from before only once the database has confirmed it: ${seen}; ${failuresOf(rest)}.`;
}

const afterOf = (change: Change | undefined): string =>
  change === undefined ? 'before' : `after ${ms(change.tookMs)}`;

/** What Redis says of the visitor, before the library has read it. */
async function beliefsOf({ redis, endedId }: World, visitor: Visitor): Promise<string> {
  const id = visitor.id ?? endedId;
  if (id === undefined) return 'It knows nothing of you.';
  const copy = await redis.asAdmin((admin) => admin.getBuffer(redisKey(id)));
  const revision = copy === null ? undefined : decodeRevision(copy);
  if (revision === undefined) return 'It has no copy of your session.';
  if (visitor.id === undefined) return 'It says that you are still signed in.';
  return `It says that your session is at revision ${revision}.`;
}

async function truthOf({ nodes, recorder, endedId }: World, visitor: Visitor): Promise<string | undefined> {
  const id = visitor.id ?? endedId;
  if (id === undefined) return undefined;
  const [first, second] = await recorder.visit('panel', () =>
    Promise.all(nodes.map(({ sessions }) => sessions.get(id, { touch: false }).catch(() => undefined))),
  );
  if (first === null && second === null)
    return 'your old cookie opens nothing on either node, so the logout stays a logout';
  if (!first || !second) return undefined;
  return `both nodes give you revision ${Math.min(first.revision, second.revision)}, so nothing that you did is lost`;
}
