import type { Subject } from '../measure/slice.ts';
import type { Servers } from '../servers.ts';
import { openConnectPgSimple } from '../stores/connect-pg-simple.ts';
import { openConnectRedis } from '../stores/connect-redis.ts';
import { openPrismaSessionStore } from '../stores/prisma-session-store.ts';
import type { PeerStore } from '../stores/store.ts';
import { NAMES, type SubjectKey } from './names.ts';
import { openOurs } from './ours.ts';
import { cookieSubjects, peerSubjects } from './peers.ts';

/** The subjects that are timed, open and ready, over the same servers. */
export interface Subjects extends AsyncDisposable {
  /** Returns the named ones, in this order. */
  pick(keys: readonly SubjectKey[]): Subject[];
}

export async function openSubjects(servers: Servers, seldomRead: number): Promise<Subjects> {
  await using opening = new AsyncDisposableStack();
  const peer = async (store: Promise<PeerStore>): ReturnType<typeof peerSubjects> => {
    const opened = await store;
    opening.defer(() => opened.close());
    return peerSubjects(opened);
  };
  const ours = await openOurs(servers, seldomRead, opening);
  const redis = await peer(openConnectRedis(servers));
  const untimedRedis = await peer(openConnectRedis(servers, { withTimeouts: false }));
  const pg = await peer(openConnectPgSimple(servers, await servers.newDatabase('pg_simple')));
  const prisma = await peer(openPrismaSessionStore(servers, await servers.newDatabase('prisma_store')));
  const cookie = await cookieSubjects();
  const all: Record<SubjectKey, Omit<Subject, 'name'>> = {
    ...ours,
    redisRead: redis.read,
    redisReadUntimed: untimedRedis.read,
    redisSet: redis.setKnown,
    pgRead: pg.read,
    pgCreate: pg.setNew,
    pgUpdate: pg.setKnown,
    pgUpdateWhole: pg.update,
    prismaRead: prisma.read,
    prismaCreate: prisma.setNew,
    prismaUpdate: prisma.setKnown,
    prismaUpdateWhole: prisma.update,
    cookieRead: cookie.read,
    cookieWrite: cookie.write,
  };
  const opened = opening.move();
  return {
    pick: (keys) => keys.map((key) => ({ ...all[key], name: NAMES[key] })),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
