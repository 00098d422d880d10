import { setTimeout as pause } from 'node:timers/promises';
import { addKey, keyCensus, promoteKey, reencryptSessions, type KeyRing } from 'holdfast';
import { between, summarize } from '../measure.ts';
import type { Stage } from '../stage.ts';
import { storedRow } from '../stored.ts';

const RESEAL_MS = 2_000;

/**
 * A new key: first every node learns it, then every node seals with it, then everything is sealed with it. Nothing is restarted.
 * Answers how many sessions were sealed anew without being written by anybody.
 */
export async function rotateTheKey(stage: Stage): Promise<number> {
  const { timeline, keys, fleet, traffic, verdict } = stage;
  timeline.chapter('A key is rotated while the shop is open');
  const from = performance.now();
  const old = await keys.source().load();
  await report(stage);

  await keys.change((ring) => addKey(ring));
  timeline.say('addKey: a pending key in the ring file, which every node looks at');
  const promoted = await fleet.call((sessions) =>
    keys.change((ring) => promoteKey(ring, { sessions, timeout: '30s' })),
  );
  timeline.say('promoteKey: waited until every live node could open what the new key will seal');

  await pause(RESEAL_MS);
  await report(stage);
  await openOldSession(stage, old, promoted);
  const { changed, upToDate, failed: left } = await fleet.call((sessions) => reencryptSessions(sessions));
  timeline.say(`reencryptSessions: ${changed} sealed anew, ${upToDate} had been already, ${left} left alone`);
  await report(stage);
  const { failed, count } = summarize(between(traffic.samples, from, performance.now()));
  verdict.add('A key rotates without a failed request', failed === 0, `${failed} of ${count} failed`);
  return changed;
}

/** How many living sessions each key seals. */
async function report({ fleet, timeline }: Stage): Promise<void> {
  const { keys } = await fleet.call((sessions) => keyCensus(sessions));
  const counts = keys.map(({ keyId, state, sessions }) => `${keyId} (${state}): ${sessions}`);
  timeline.say(`sessions by key: ${counts.join(', ')}`);
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
