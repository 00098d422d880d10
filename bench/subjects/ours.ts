import type { Session } from '../../src/index.ts';
import { cycle, inParallel } from '../measure/in-parallel.ts';
import type { Subject } from '../measure/slice.ts';
import type { Servers } from '../servers.ts';
import { isWhole, newSessionData, type SessionData } from '../session-data.ts';
import { countVisit, openClient, openDatabase, type BenchClient } from '../stores/holdfast.ts';
import { openFloor } from './floor.ts';
import type { SubjectKey } from './names.ts';

type OurKey = Extract<
  SubjectKey,
  'create' | 'floor' | 'touch' | 'update' | 'updateInHand' | `down${string}` | `read${string}`
>;

/** The sessions that are read over and over, few enough for the memo. */
export const OFTEN_READ = 500;
const SETUP_CALLERS = 64;
/** A port without a listener, for a client without Redis. */
const CLOSED_PORT = 1;
/** Refreshes sessions within half of the touch interval, after which a read becomes more than a read. */
const FRESH_MS = 15_000;

/**
 * Opens clients with the library's defaults, except for the memo: a session that is read seldom is one that the memo
 * does not hold. What is opened is closed with `resources`.
 */
export async function openOurs(
  servers: Servers,
  seldomRead: number,
  resources: AsyncDisposableStack,
): Promise<Record<OurKey, Omit<Subject, 'name'>>> {
  const database = await openDatabase(servers, 'ours');
  resources.defer(() => database.close());
  const [sessions, forgetful, withoutRedis, widely, toucher] = await Promise.all([
    openClient(servers, database),
    openClient(servers, database, { memo: false }),
    openClient(servers, database, { redisPort: CLOSED_PORT }),
    openClient(servers, database, { redisPort: CLOSED_PORT }),
    openClient(servers, database, { touchInterval: 0 }),
  ]);
  for (const client of [sessions, forgetful, withoutRedis, widely, toucher]) resources.defer(() => client.close());

  const often = await createSessions(sessions, OFTEN_READ);
  const seldom = await createSessions(sessions, seldomRead);
  const nextUpdate = cycle(await createSessions(sessions, OFTEN_READ));
  const inHand = await readAll(sessions, await createSessions(sessions, OFTEN_READ));
  const nextInHand = cycle([...inHand.keys()]);
  const nextTouch = cycle(await createSessions(sessions, OFTEN_READ));
  let created = 0;
  const oftenFresh = freshener(toucher, often);
  const seldomFresh = freshener(toucher, seldom);
  return {
    readAgain: { prepare: oftenFresh, call: reader(sessions, often, 'primary') },
    readSeldom: { prepare: seldomFresh, call: reader(forgetful, seldom, 'primary') },
    downAgain: { prepare: oftenFresh, call: reader(withoutRedis, often, 'durable') },
    downSeldom: { prepare: seldomFresh, call: reader(widely, seldom, 'durable') },
    create: {
      call: async () => {
        const data = newSessionData((created += 1));
        return (await sessions.create(data, { userId: data.userId })).revision === 1;
      },
    },
    update: { call: async () => (await sessions.update(nextUpdate(), countVisit)).revision > 1 },
    updateInHand: {
      async call() {
        const at = nextInHand();
        const session = inHand[at];
        if (session === undefined) return false;
        inHand[at] = await sessions.update(session, countVisit);
        return true;
      },
    },
    touch: {
      async call() {
        await toucher.touch(nextTouch());
        return true;
      },
    },
    floor: { call: await openFloor(servers, often, resources) },
  };
}

/** Creates sessions, each with a copy in Redis. */
export async function createSessions(sessions: BenchClient, count: number): Promise<string[]> {
  const numbers = Array.from({ length: count }, (_, at) => at);
  const ids = await inParallel(numbers, SETUP_CALLERS, async (n) => {
    const data = newSessionData(n);
    return (await sessions.create(data, { userId: data.userId })).id;
  });
  await inParallel(ids, SETUP_CALLERS, (id) => sessions.get(id));
  return ids;
}

/** Reads sessions that are there. */
async function readAll(sessions: BenchClient, ids: readonly string[]): Promise<(Session<SessionData> | undefined)[]> {
  return inParallel(ids, SETUP_CALLERS, async (id) => (await sessions.get(id)) ?? undefined);
}

export function reader(sessions: BenchClient, ids: readonly string[], from: 'durable' | 'primary'): Subject['call'] {
  const next = cycle(ids);
  return async () => {
    const session = await sessions.get(next());
    return session !== null && isWhole(session.data) && session.servedBy === from;
  };
}

/**
 * Touches all sessions, so that no touch falls due while they are read: read one after another, they would all be due
 * at once, unlike sessions that users read. The cost of a touch is timed separately.
 */
export function freshener(toucher: BenchClient, ids: readonly string[]): () => Promise<void> {
  let touchedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - touchedAt < FRESH_MS) return;
    await inParallel(ids, SETUP_CALLERS, (id) => toucher.touch(id));
    touchedAt = performance.now();
  };
}
