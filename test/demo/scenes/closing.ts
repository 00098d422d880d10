import type { Stage } from '../stage.ts';

/** The customers leave; the database is held to everything that was acknowledged. `resealed` writes were the rotation's. */
export async function closeTheBooks(
  { fleet, traffic, ledger, bob, everyone, timeline, verdict }: Stage,
  resealed: number,
): Promise<void> {
  timeline.chapter('The books are closed');
  await traffic.stop();
  timeline.end();
  let lost = 0;
  let writes = 0;
  for (const { id } of everyone.filter((customer) => customer !== bob)) {
    const session = await fleet.call((sessions) => sessions.get(id, { consistency: 'strong', touch: false }));
    lost += ledger.lost(id, session).length;
    writes += (session?.revision ?? 1) - 1;
  }
  timeline.say(
    `${ledger.total} acknowledged additions, ${writes} writes by revision, ${resealed} of them the rotation's, ${lost} lost; ${traffic.samples.length} requests in all`,
  );
  verdict.add(
    'Every acknowledged write is there',
    lost === 0 && writes === ledger.total + resealed,
    `${ledger.total - lost} of ${ledger.total}`,
  );
  const bobsSession = await fleet.call((sessions) => sessions.get(bob.id, { consistency: 'strong' }));
  verdict.add('Who logged out stays logged out', bobsSession === null, 'asked again at closing time');
}
