import { randomBytes } from 'node:crypto';
import { cycle, inParallel } from '../measure/in-parallel.ts';
import type { Subject } from '../measure/slice.ts';
import { isWhole, newSessionData } from '../session-data.ts';
import { openIronSession } from '../stores/iron-session.ts';
import type { PeerStore } from '../stores/store.ts';

type Call = Pick<Subject, 'call'>;

const SESSIONS = 500;
const SETUP_CALLERS = 64;

export async function peerSubjects(store: PeerStore): Promise<Record<'read' | 'setKnown' | 'setNew' | 'update', Call>> {
  const data = Array.from({ length: SESSIONS }, (_, at) => newSessionData(at));
  const ids = await inParallel(data, SETUP_CALLERS, (session) => store.create(session));
  const nextRead = cycle(ids);
  const nextId = cycle(ids);
  const nextData = cycle(data);
  return {
    read: { call: async () => isWhole(await store.read(nextRead())) },
    update: {
      async call() {
        await store.update(nextId());
        return true;
      },
    },
    setKnown: {
      async call() {
        await store.set(nextId(), nextData());
        return true;
      },
    },
    setNew: {
      async call() {
        await store.set(randomBytes(24).toString('base64url'), nextData());
        return true;
      },
    },
  };
}

export async function cookieSubjects(): Promise<Record<'read' | 'write', Call>> {
  const store = openIronSession();
  const data = Array.from({ length: SESSIONS }, (_, at) => newSessionData(at));
  const nextSeal = cycle(await inParallel(data, SETUP_CALLERS, (session) => store.create(session)));
  const nextData = cycle(data);
  return {
    read: { call: async () => isWhole(await store.read(nextSeal())) },
    write: { call: async () => (await store.create(nextData())).length > 0 },
  };
}
