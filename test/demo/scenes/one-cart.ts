import { until } from '../../support/servers/until.ts';
import type { Stage } from '../stage.ts';
import { storedRow } from '../stored.ts';
import { ms } from '../timeline.ts';

const ADDS = 200;
const TWO_HOURS_MS = 2 * 60 * 60_000;

/** One session, two hours, many callers at once. */
export async function fillOneCart(stage: Stage): Promise<void> {
  stage.timeline.chapter('One cart, two nodes, many hands');
  await showLifetime(stage);
  await addFromEverywhere(stage);
  await slide(stage);
}

async function showLifetime({ fleet, ada, timeline, verdict }: Stage): Promise<void> {
  const session = await fleet.call((sessions) => sessions.get(ada.id));
  const lasts = (session?.absoluteExpiresAt.getTime() ?? 0) - (session?.createdAt.getTime() ?? 0);
  timeline.say(
    `Ada's session ends at ${session?.absoluteExpiresAt.toISOString()} whatever happens, at ${session?.idleExpiresAt.toISOString()} if unused`,
  );
  verdict.add(
    'The session lasts two hours',
    lasts === TWO_HOURS_MS,
    `${lasts / 60_000} minutes from creation to its absolute end`,
  );
}

async function addFromEverywhere({ fleet, ada, ledger, traffic, timeline, verdict }: Stage): Promise<void> {
  const start = performance.now();
  await Promise.all(Array.from({ length: ADDS }, (_, at) => traffic.add(ada.id, at % fleet.size)));
  const took = performance.now() - start;
  const session = await fleet.call((sessions) => sessions.get(ada.id));
  const lost = ledger.lost(ada.id, session).length;
  const { revision = 0, data } = session ?? {};
  timeline.say(
    `${ADDS} items added at once through ${fleet.size} nodes in ${ms(took)}: ${data?.cart.length} in the cart, revision ${revision}`,
  );
  verdict.add(
    'Concurrent adds: none lost',
    lost === 0 && data?.cart.length === ADDS && revision === ADDS + 1,
    `${ADDS - lost} of ${ADDS} in the cart, revision ${revision}`,
  );
}

/** Activity moves the idle deadline: at once in the answer, once per touch interval in the database. */
async function slide(stage: Stage): Promise<void> {
  const { fleet, ada, timeline, verdict } = stage;
  const before = await storedIdleDeadline(stage);
  const after = await until(
    async () => {
      await fleet.call((sessions) => sessions.get(ada.id));
      const stored = await storedIdleDeadline(stage);
      return stored > before && stored;
    },
    { what: 'the idle deadline to move' },
  );
  const time = (at: number): string => new Date(at).toISOString().slice(11, 23);
  timeline.say(
    `Ada looks at her cart: her idle deadline in the database slides from ${time(before)} to ${time(after)}`,
  );
  verdict.add('Activity slides the idle deadline', after > before, `by ${ms(after - before)}`);
}

async function storedIdleDeadline({ auditor, ada }: Stage): Promise<number> {
  const { idleExpiresAt } = await storedRow(auditor, ada.id);
  return Number(idleExpiresAt);
}
