import { describe, expect, it } from 'vitest';
import { replaceKey, waitForNodes, type KeyRing } from '../../../src/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { KeyFleet, ringsOfRotation, RingShelf } from '../../support/key-fleet.ts';

const rings = ringsOfRotation();

/** A node that has the ring in which the key is replaced, and one whose shelf still holds the old one. */
async function twoNodes() {
  const { old } = await rings;
  const replaced = await replaceKey(old, { kid: old.sealingKey.kid });
  const fleet = new KeyFleet(old);
  const behind = new RingShelf(old);
  const laggard = await fleet.ready({ load: () => behind.load() });
  const { sessions } = await fleet.ready();
  return { fleet, sessions, laggard, behind, old, replaced };
}

async function nameOf({ sessions }: { sessions: { health(): Promise<{ keys: { node: string } }> } }): Promise<string> {
  return (await sessions.health()).keys.node;
}

describe('waitForNodes', () => {
  it('names the node that lags behind, the version that it has and when it was last seen', async () => {
    const { fleet, sessions, laggard, replaced } = await twoNodes();
    fleet.shelf.put(replaced);
    await fleet.platform.advance(3_000);
    await expect(waitForNodes(replaced, { sessions })).rejects.toMatchObject({
      code: 'HOLDFAST_KEY_RING',
      message:
        '1 of 2 live nodes do not have key ring version 2 yet: ' +
        `${await nameOf(laggard)} (has version 1, seen 3 s ago).`,
    });
  });

  it('resolves as soon as the last live node has the ring', async () => {
    const { fleet, sessions, behind, replaced } = await twoNodes();
    fleet.shelf.put(replaced);
    let isDone = false;
    const waiting = waitForNodes(replaced, { sessions, timeout: '1m' }).then(() => (isDone = true));
    await fleet.platform.advance(8_000);
    expect(isDone).toBe(false);
    behind.ring = replaced;
    await fleet.platform.advance(3_000);
    expect(isDone).toBe(true);
    await waiting;
    expect(await waitForNodes(replaced, { sessions })).toEqual({ nodes: 2, silent: [] });
  });

  it('gives up when it has waited for that long', async () => {
    const { fleet, sessions, replaced } = await twoNodes();
    fleet.shelf.put(replaced);
    const refused = expect(waitForNodes(replaced, { sessions, timeout: '30s' })).rejects.toThrow('1 of 2 live nodes');
    await fleet.platform.advance(30_000);
    await refused;
  });

  it('does not wait for a node that has been silent for a minute, but names it', async () => {
    const { fleet, sessions, laggard, replaced } = await twoNodes();
    laggard.platform.stop();
    fleet.shelf.put(replaced);
    const waiting = waitForNodes(replaced, { sessions, timeout: '2m' });
    await fleet.platform.advance(62_000);
    const { nodes, silent } = await waiting;
    expect(nodes).toBe(1);
    expect(silent).toEqual([{ node: await nameOf(laggard), ring: 1, secondsAgo: 61 }]);
  });

  it('is content with a newer ring, and refuses another one of the same version', async () => {
    const { old } = await rings;
    const newer = await rings.then(({ promoted }) => promoted);
    const fleet = new KeyFleet(newer);
    const { sessions } = await fleet.ready();
    await waitForNodes(old, { sessions });
    const rival = (await ringsOfRotation()).promoted;
    await expect(waitForNodes(rival, { sessions })).rejects.toThrow('another key ring of version 3');
  });

  it('names ten nodes at most', async () => {
    const { old, added } = await rings;
    const fleet = new KeyFleet(old);
    for (let n = 0; n < 12; n += 1) await fleet.ready(old);
    const { sessions } = await fleet.ready(added);
    const message: string = await waitForNodes(added, { sessions }).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message).toMatch(/^12 of 13 live nodes do not have key ring version 2 yet: .*, and 2 more\.$/);
    expect(message.match(/has version 1/g)).toHaveLength(10);
  });

  it.each([
    [{}, /sessions: expected a SessionClient, but got undefined/],
    [{ sessions: 'shop' }, /sessions: expected a SessionClient, but got a string/],
    [{ sessions: { '~http': {} } }, /sessions: expected a SessionClient, but got one of another copy of the package/],
    [{ timeut: 1 }, /unknown option 'timeut'/],
    [{ timeout: '2h' }, /timeout/],
  ])('refuses %j', async (options, message) => {
    const { sessions, old } = await twoNodes();
    const given = { ...('timeout' in options && { sessions }), ...options };
    await expect(waitForNodes(old, given as never)).rejects.toMatchObject({
      code: 'HOLDFAST_CONFIGURATION',
      message: expect.stringMatching(message),
    });
    await expect(waitForNodes({} as KeyRing, { sessions })).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
  });
});

it('health shows which node this is, which ring it uses, and for how long its key has sealed', async () => {
  const { old, promoted } = await rings;
  const fleet = new KeyFleet(old);
  const { sessions } = fleet.node();
  const before = (await sessions.health()).keys;
  expect(before).toMatchObject({ state: 'down', node: expect.stringMatching(/^[0-9a-f]{8}$/) });
  expect(before).not.toHaveProperty('ring');
  expect(before).not.toHaveProperty('sealingKeySince');
  await sessions.ready();
  fleet.shelf.put(promoted);
  await settled();
  const sealingKeySince = new Date(promoted.sealingKey.activatedAt ?? 0);
  expect((await sessions.health()).keys).toMatchObject({ state: 'up', node: before.node, ring: 3, sealingKeySince });
  const { nodes } = await fleet.readFleet();
  expect(nodes.map(({ nodeId }) => nodeId.toString('hex', 0, 4))).toEqual([before.node]);
});
