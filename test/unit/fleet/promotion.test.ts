import { describe, expect, it } from 'vitest';
import { promoteKey } from '../../../src/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { KeyFleet, ringsOfRotation, RingShelf } from '../../support/key-fleet.ts';
import { refuse } from '../../support/memory-fleet.ts';

const rings = ringsOfRotation();

/** A node that follows the shelf and one with a shelf of its own. */
async function twoNodes() {
  const { old, added } = await rings;
  const fleet = new KeyFleet(old);
  const behind = new RingShelf(old);
  const laggard = await fleet.ready({ load: () => behind.load() });
  const { sessions } = await fleet.ready();
  return { fleet, sessions, laggard, behind, old, added };
}

describe('promoteKey', () => {
  it('is refused while a live node lacks the ring, and says how many', async () => {
    const { fleet, sessions, added } = await twoNodes();
    fleet.shelf.put(added);
    await settled();
    await expect(promoteKey(added, { sessions })).rejects.toMatchObject({
      code: 'HOLDFAST_KEY_RING',
      retryable: false,
      message: expect.stringMatching(
        /^1 of 2 live nodes do not have key ring version 2 yet: [0-9a-f]{8} \(has version 1, seen 0 s ago\)\.$/,
      ),
    });
  });

  it('is allowed once the node has acknowledged the ring', async () => {
    const { fleet, sessions, behind, added } = await twoNodes();
    fleet.shelf.put(added);
    behind.ring = added;
    await fleet.platform.advance(10_000);
    const promoted = await promoteKey(added, { sessions });
    expect(promoted.version).toBe(3);
    expect(promoted.sealingKey.kid).not.toBe(added.sealingKey.kid);
  });

  it('is allowed once the node has been dead for a minute', async () => {
    const { fleet, sessions, laggard, added } = await twoNodes();
    laggard.platform.stop();
    fleet.shelf.put(added);
    await fleet.platform.advance(60_000);
    await expect(promoteKey(added, { sessions })).rejects.toThrow(/1 of 2/);
    await fleet.platform.advance(1);
    expect((await promoteKey(added, { sessions })).version).toBe(3);
  });

  it('waits for the fleet as long as `timeout` says', async () => {
    const { fleet, sessions, behind, added } = await twoNodes();
    fleet.shelf.put(added);
    const promotion = promoteKey(added, { sessions, timeout: '15s' });
    behind.ring = added;
    await fleet.platform.advance(11_000);
    expect((await promotion).version).toBe(3);
  });

  it('gives up when it has waited for that long', async () => {
    const { fleet, sessions, added } = await twoNodes();
    fleet.shelf.put(added);
    const refused = expect(promoteKey(added, { sessions, timeout: '15s' })).rejects.toThrow(/1 of 2/);
    await fleet.platform.advance(15_000);
    await refused;
  });

  it('is refused for a ring that no node has, an older one, and another one of the version in use', async () => {
    const { old, added, promoted } = await rings;
    const fleet = new KeyFleet(old);
    const { sessions } = await fleet.ready();
    await expect(promoteKey(added, { sessions })).rejects.toThrow(/1 of 1 live nodes do not have/);
    fleet.shelf.put(promoted);
    await settled();
    await expect(promoteKey(added, { sessions })).rejects.toThrow(
      /uses key ring version 3: version 2 is not the newest/,
    );
    const rival = await ringsOfRotation();
    const other = new KeyFleet(added);
    const node = await other.ready();
    await expect(promoteKey(rival.added, { sessions: node.sessions })).rejects.toThrow(/another key ring of version 2/);
  });

  it('asks nobody when it is forced, and only then may go without a client', async () => {
    const { sessions, added } = await twoNodes();
    expect((await promoteKey(added, { sessions, force: true })).version).toBe(3);
    expect((await promoteKey(added, { force: true })).version).toBe(3);
    await expect(promoteKey(added, {} as never)).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
  });

  it('is not forced by a polluted prototype', async () => {
    const { fleet, sessions, added } = await twoNodes();
    fleet.shelf.put(added);
    await settled();
    const polluted = Object.prototype as { force?: boolean };
    polluted.force = true;
    try {
      await expect(promoteKey(added, { sessions })).rejects.toThrow(/1 of 2/);
    } finally {
      delete polluted.force;
    }
  });

  it('leaves a ring as it is in which the key is active already', async () => {
    const { promoted } = await rings;
    expect(await promoteKey(promoted, { kid: promoted.sealingKey.kid, force: true })).toBe(promoted);
  });

  it('promotes an index key in the same way', async () => {
    const { added } = await ringsOfRotation('index');
    const fleet = new KeyFleet(added);
    const { sessions } = await fleet.ready();
    const promoted = await promoteKey(added, { sessions, use: 'index' });
    expect(promoted.sealingKey).toBe(added.sealingKey);
    expect(promoted.indexKeys[0].kid).not.toBe(added.indexKeys[0].kid);
  });

  it('does not need Redis', async () => {
    const { added } = await rings;
    const fleet = new KeyFleet(added);
    const node = await fleet.ready();
    node.primary.hook.before = refuse;
    expect((await promoteKey(added, { sessions: node.sessions })).version).toBe(3);
  });
});
