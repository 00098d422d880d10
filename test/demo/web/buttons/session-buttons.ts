import { addKey, promoteKey } from 'holdfast';
import type { Shop } from '../../../../examples/shop/sessions.ts';
import { failuresOf, ms, plural } from '../watch.ts';
import { takeSnapshot, type World } from '../world.ts';
import { CannotPress, type Button, type Visitor } from './button.ts';

/** What each of two tabs adds. */
const ADDS = 10;
/** A ring holds 17 data keys that are not revoked; this leaves room. */
const DATA_KEYS_MAX = 12;

const rotate: Button = async (world) => {
  const { keys, nodes } = world;
  requireDatabase(world);
  if (world.ring.keys().filter(({ use }) => use === 'enc').length >= DATA_KEYS_MAX) {
    throw new CannotPress('The ring has a dozen keys by now. An operator would retire the old ones.');
  }
  world.ring = await keys.change((ring) => addKey(ring));
  return {
    did: 'A new key was added to the ring, as pending: it opens, and does not seal yet.',
    async reaction(watch) {
      world.ring = await keys.change((ring) => promoteKey(ring, { sessions: nodes[0].sessions, timeout: '30s' }));
      const took = Date.now() - watch.since;
      await watch.pause();
      const name = world.ring.sealingKey.keyId.toString('hex').slice(0, 8);
      return `It became active after ${ms(took)}, once both nodes had reported that they can open what it seals; what the old key sealed still opens, and is sealed with ${name}… when it is next written; ${failuresOf(watch.count())}.`;
    },
  };
};

/** Two tabs, each on a node of its own, add to one cart at the same moment. */
const bothTabs: Button = async (world, { session }) => {
  requireDatabase(world);
  let runs = 0;
  const add = (shop: Shop): void => {
    runs += 1;
    const line = shop.cart.find(({ sku }) => sku === 'night');
    if (line === undefined) shop.cart.push({ sku: 'night', quantity: 1 });
    else line.quantity += 1;
  };
  const { id, data } = (await session.get()) ?? (await session.update(() => undefined));
  const before = quantityOf(data);
  const start = performance.now();
  const tab = async ({ sessions }: World['nodes'][number]): Promise<void> => {
    for (let count = 0; count < ADDS; count += 1) await sessions.update(id, add);
  };
  await world.recorder.visit('visitor', () => Promise.all(world.nodes.map(tab)));
  const took = performance.now() - start;
  const total = 2 * ADDS;
  return {
    did: `Two tabs added ${ADDS} night lights each at the same moment, each on a node of its own.`,
    async reaction() {
      const after = await world.recorder.visit('panel', () =>
        world.nodes[0].sessions.get(id, { consistency: 'strong' }),
      );
      const added = quantityOf(after?.data) - before;
      const lost = total - added;
      return `${added} of ${total} are in the cart, ${lost === 0 ? 'none' : lost} lost, in ${ms(took)}: ${plural(runs - total, 'write')} came second, and ran again on the newer cart.`;
    },
  };
};

const logOutEverywhere: Button = async (world, visitor) => {
  const userId = await userOf(visitor);
  if (userId === undefined)
    throw new CannotPress('Nobody is signed in here. Sign in as ada (password: lantern) first.');
  await takeSnapshot(world);
  const start = performance.now();
  const ended = await visitor.session.logoutEverywhere();
  world.endedId = visitor.id;
  const took = performance.now() - start;
  return {
    did: `${plural(ended, 'session')} of ${userId} ended, this browser's and those of other devices.`,
    async reaction() {
      const isDead = await isRefused(world, visitor.id ?? '');
      return `The logout was final after ${ms(took)}: the rows are erased, Redis has tombstones, ${isDead ? 'both nodes refuse your old cookie' : 'no node can answer for your old cookie at present'}, and a Redis that comes back with old data cannot undo it.`;
    },
  };
};

export const SESSION_BUTTONS = { rotate, 'both-tabs': bothTabs, 'log-out-everywhere': logOutEverywhere } as const;

function requireDatabase({ machines }: World): void {
  if (machines.database === 'stopped') throw new CannotPress('PostgreSQL is stopped. Start it first.');
}

async function isRefused({ nodes, recorder }: World, id: string): Promise<boolean> {
  const reads = await recorder.visit('panel', () =>
    Promise.all(nodes.map(({ sessions }) => sessions.get(id).catch(() => undefined))),
  );
  return reads.every((session) => session === null);
}

async function userOf({ session }: Visitor): Promise<string | undefined> {
  return (await session.get())?.userId;
}

function quantityOf(shop: { readonly cart: readonly Readonly<Shop['cart'][number]>[] } | undefined): number {
  return shop?.cart.find(({ sku }) => sku === 'night')?.quantity ?? 0;
}
