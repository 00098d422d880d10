import { expect, it } from 'vitest';
import { removeKey, revokeKey, type KeyRing } from '../../../src/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { KeyFleet, ringsOfRotation, RingShelf } from '../../support/key-fleet.ts';
import { add } from '../../support/memory-fleet.ts';

const rings = ringsOfRotation();

/** Nodes with rings of their own, which rise as a roll-out reaches them. */
async function fleetWith(...all: KeyRing[]) {
  const [first, ...others] = all.map((ring) => new RingShelf(ring));
  if (first === undefined) throw new Error('no ring');
  const fleet = new KeyFleet(first.ring);
  const shelves = [first, ...others];
  const nodes = [];
  // Oldest first: a fleet does not take an older ring for a new one.
  for (const shelf of shelves) nodes.push(await fleet.ready({ load: () => shelf.load() }));
  return { fleet, nodes: nodes.map(({ sessions }) => sessions), shelves };
}

it('a session from before a rotation opens with the old key, and is sealed with the new one once it is written', async () => {
  const { old, promoted } = await rings;
  const fleet = new KeyFleet(old);
  const { sessions } = await fleet.ready();
  const { id } = await sessions.create({ cart: ['A1'] });
  fleet.shelf.put(promoted);
  const after = await fleet.ready();
  expect((await after.sessions.get(id))?.data.cart).toEqual(['A1']);
  expect(fleet.sealedBy(old, promoted)).toEqual([1, 0]);
  await add(after.sessions, id, 'B2');
  expect(fleet.sealedBy(old, promoted)).toEqual([0, 1]);
  expect((await sessions.get(id, { consistency: 'strong' }))?.data.cart).toEqual(['A1', 'B2']);
});

it('a node that has the new key pending opens what another already seals with it', async () => {
  const { old, added, promoted } = await rings;
  const { nodes, fleet } = await fleetWith(old, added, promoted);
  const [, pending, active] = nodes;
  const id = (await active?.create({ cart: ['A1'] }))?.id ?? '';
  expect(fleet.sealedBy(promoted)).toEqual([1]);
  expect((await pending?.get(id))?.data.cart).toEqual(['A1']);
});

it('a node without the key asks for a retry, and never says that there is no session', async () => {
  const { old, promoted } = await rings;
  const { nodes } = await fleetWith(old, promoted);
  const [behind, ahead] = nodes;
  const id = (await ahead?.create({ cart: [] }, { userId: 'u_42' }))?.id ?? '';
  const refusal = { code: 'HOLDFAST_ENVELOPE', reason: 'unknown-key', retryable: true };
  await expect(behind?.get(id)).rejects.toMatchObject(refusal);
  await expect(behind?.update(id, () => ({ cart: ['A1'] }))).rejects.toMatchObject(refusal);
});

it.each(['data', 'index'] as const)('a user is found under either ring of a rotation of the %s key', async (use) => {
  const { old, added, promoted } = await ringsOfRotation(use);
  const { nodes } = await fleetWith(old, added, promoted);
  const [oldest, pending, active] = nodes;
  for (const node of nodes) await node.create({ cart: [] }, { userId: 'u_42' });
  expect(await active?.listByUser('u_42')).toHaveLength(3);
  expect(await pending?.listByUser('u_42')).toHaveLength(3);
  if (use === 'data') expect(await oldest?.listByUser('u_42')).toHaveLength(3);
  expect(await pending?.destroyByUser('u_42')).toBe(3);
});

it('a session that a key revocation ended says so for ever, and can be destroyed', async () => {
  const { old, promoted } = await rings;
  const fleet = new KeyFleet(old);
  const { sessions } = await fleet.ready();
  const { id } = await sessions.create({ cart: ['A1'] }, { userId: 'u_42' });
  const { kid } = old.sealingKey;
  const revoked = revokeKey(promoted, { kid });
  const refusal = { code: 'HOLDFAST_ENVELOPE', reason: 'revoked-key', retryable: false };
  for (const ring of [revoked, removeKey(revoked, { kid })]) {
    fleet.shelf.put(ring);
    await settled();
    for (const consistency of ['bounded', 'strong'] as const) {
      await expect(sessions.get(id, { consistency })).rejects.toMatchObject(refusal);
    }
    await expect(add(sessions, id, 'B2')).rejects.toMatchObject(refusal);
    await expect(sessions.touch(id)).rejects.toMatchObject(refusal);
    await expect(sessions.regenerate(id)).rejects.toMatchObject(refusal);
  }
  expect(await sessions.listByUser('u_42')).toHaveLength(1);
  expect(await sessions.destroy(id)).toBe(true);
  expect(await sessions.get(id)).toBeNull();
  expect(await sessions.listByUser('u_42')).toEqual([]);
});
