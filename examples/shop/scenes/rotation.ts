import { setTimeout as pause } from 'node:timers/promises';
import { addKey, promoteKey, type KeyRing } from 'holdfast';
import { between, summarize } from '../measure.ts';
import type { Stage } from '../stage.ts';
import { storedRow } from '../stored.ts';

const RESEAL_MS = 2_000;

/** A new key: first every node learns it, then every node seals with it. */
export async function rotateTheKey(stage: Stage): Promise<void> {
  const { timeline, keys, fleet, traffic, verdict } = stage;
  timeline.chapter('A key is rotated while the shop is open');
  const from = performance.now();
  const old = await keys.source().load();
  await report(stage, old, old);

  const added = await addKey(old);
  await keys.save(added);
  await fleet.roll();
  timeline.say('addKey, sealed ring saved, every node restarted in turn: all can open what the new key will seal');
  const promoted = promoteKey(added);
  await keys.save(promoted);
  await fleet.roll();
  timeline.say('promoteKey, ring saved, every node restarted in turn: all seal with the new key');

  await pause(RESEAL_MS);
  await report(stage, old, promoted);
  await openOldSession(stage, old, promoted);
  const { failed, count } = summarize(between(traffic.samples, from, performance.now()));
  verdict.add('A key rotates without a failed request', failed === 0, `${failed} of ${count} failed`);
}

/** How many living sessions each key seals, by the database's own column. */
async function report({ auditor, timeline }: Stage, ...rings: KeyRing[]): Promise<void> {
  const rows = await auditor.prisma.holdfastSession.findMany({ where: { revokedAt: null }, select: { keyId: true } });
  const names = new Set(rings.map((ring) => ring.sealingKey.keyId.toString('hex')));
  const counts = [...names].map((name) => {
    const count = rows.filter(({ keyId }) => Buffer.from(keyId).toString('hex') === name).length;
    return `${name}: ${count}`;
  });
  timeline.say(`sessions by key id in the database: ${counts.join(', ')}`);
}

/** Grace has not changed anything all evening. */
async function openOldSession(stage: Stage, old: KeyRing, promoted: KeyRing): Promise<void> {
  const { fleet, traffic, grace, timeline, verdict } = stage;
  const before = await keyIdOf(stage, grace.id);
  const session = await fleet.call((sessions) => sessions.get(grace.id, { consistency: 'strong' }));
  await traffic.add(grace.id);
  const after = await keyIdOf(stage, grace.id);
  timeline.say(`Grace's session opens with the old key ${before}; once written, it is sealed with ${after}`);
  const wasOld = before === old.sealingKey.keyId.toString('hex');
  verdict.add('Old sessions open after the rotation', wasOld && session !== null, `sealed with ${before}`);
  verdict.add('What is written is sealed with the new key', after === promoted.sealingKey.keyId.toString('hex'), after);
}

async function keyIdOf({ auditor }: Stage, id: string): Promise<string> {
  const { keyId } = await storedRow(auditor, id);
  return Buffer.from(keyId).toString('hex');
}
