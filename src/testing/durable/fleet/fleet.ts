import { deepEqual, equal, ok } from 'node:assert/strict';
import { matches } from '../../checks.ts';
import { durableCases, type DurableTierCase } from '../bed.ts';
import { randomBytes, whenItIsLater } from '../records.ts';
import type { DurableTier, FleetNode, RingMark } from '../../../tiers/durable.ts';

export const ringCases: readonly DurableTierCase[] = durableCases('fleet.raiseRing', {
  'never lowers the ring, and keeps the first of two rings of one version': async ({ tier }) => {
    const [first, rival, second] = [mark(3), mark(3), mark(4)];
    equal((await tier.fleet.read()).ring, null);
    deepEqual(await tier.fleet.raiseRing(first), first);
    deepEqual(await tier.fleet.raiseRing(rival), first);
    deepEqual(await tier.fleet.raiseRing(mark(2)), first);
    deepEqual(await tier.fleet.raiseRing(second), second);
    deepEqual(await tier.fleet.raiseRing(first), second);
    deepEqual((await tier.fleet.read()).ring, second);
  },

  'keeps one ring for each namespace': async ({ tier, open }) => {
    const other = await open();
    await tier.fleet.raiseRing(mark(9));
    const own = mark(1);
    deepEqual(await other.fleet.raiseRing(own), own);
  },

  'returns the same ring to all concurrent callers': async ({ tier }) => {
    const rivals = Array.from({ length: 20 }, () => mark(5));
    const answers = await Promise.all(rivals.map((rival) => tier.fleet.raiseRing(rival)));
    equal(new Set(answers.map(({ fingerprint }) => fingerprint.toString('hex'))).size, 1);
  },
});

export const nodeCases: readonly DurableTierCase[] = durableCases('fleet.heartbeat and fleet.forget', {
  'a node is seen at the database’s time, and acknowledges a ring by its first heartbeat with it': async ({ tier }) => {
    const nodeId = randomBytes(16);
    await tier.fleet.heartbeat({ nodeId, beat: 1, ringVersion: 1, masters: '' });
    const first = await onlyNode(tier);
    matches(first, { nodeId, beat: 1, ringVersion: 1, masters: '' });
    equal(first.acknowledgedAt, first.seenAt);
    await whenItIsLater(tier, first.seenAt);
    await tier.fleet.heartbeat({ nodeId, beat: 2, ringVersion: 1, masters: '' });
    const again = await onlyNode(tier);
    ok(again.seenAt > first.seenAt);
    equal(again.acknowledgedAt, first.acknowledgedAt);
    await tier.fleet.heartbeat({ nodeId, beat: 3, ringVersion: 2, masters: '' });
    const changed = await onlyNode(tier);
    equal(changed.ringVersion, 2);
    ok(changed.acknowledgedAt > first.acknowledgedAt);
    ok((await tier.fleet.read()).now >= changed.seenAt);
  },

  'a heartbeat that comes after a later one changes nothing': async ({ tier }) => {
    const nodeId = randomBytes(16);
    await tier.fleet.heartbeat({ nodeId, beat: 2, ringVersion: 2, masters: 'main=b' });
    const before = await onlyNode(tier);
    await whenItIsLater(tier, before.seenAt);
    await tier.fleet.heartbeat({ nodeId, beat: 1, ringVersion: 1, masters: 'main=a' });
    await tier.fleet.heartbeat({ nodeId, beat: 2, ringVersion: 2, masters: 'main=b' });
    deepEqual(await onlyNode(tier), before);
    await tier.fleet.heartbeat({ nodeId, beat: 3, ringVersion: 2, masters: 'main=c' });
    matches(await onlyNode(tier), { beat: 3, masters: 'main=c', acknowledgedAt: before.acknowledgedAt });
  },

  'nodes are forgotten by id or by age, in their own namespace only': async ({ tier, open }) => {
    const other = await open();
    const nodeIds = [randomBytes(16), randomBytes(16)] as const;
    for (const nodeId of nodeIds) {
      await tier.fleet.heartbeat({ nodeId, beat: 1, ringVersion: 1, masters: '' });
    }
    await other.fleet.heartbeat({ nodeId: nodeIds[0], beat: 1, ringVersion: 1, masters: '' });
    await tier.fleet.forget(nodeIds[0]);
    deepEqual(
      (await tier.fleet.read()).nodes.map(({ nodeId }) => nodeId),
      [nodeIds[1]],
    );
    await tier.fleet.forget(0);
    equal((await tier.fleet.read()).nodes.length, 1);
    await tier.fleet.forget(Number.MAX_SAFE_INTEGER);
    deepEqual((await tier.fleet.read()).nodes, []);
    equal((await other.fleet.read()).nodes.length, 1);
  },
});

function mark(version: number): RingMark {
  return { version, fingerprint: randomBytes(32) };
}

async function onlyNode(tier: DurableTier): Promise<FleetNode> {
  const [node, ...others] = (await tier.fleet.read()).nodes;
  ok(node !== undefined && others.length === 0, 'Expected one node.');
  return node;
}
