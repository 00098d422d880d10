import { setTimeout as pause } from 'node:timers/promises';
import type { Duration, Session, SessionClient } from '../../src/index.ts';
import { FEED_FRESH_MS } from '../../src/limits/feed.ts';
import { type NodeOptions, realClient, type Shop } from './real-client.ts';
import { openPrisma } from './servers/databases.ts';
import type { GaleraNode } from './servers/galera.ts';

/** How many sessions each pair of clients exchanges; the soak sets more. */
export const SESSIONS = Number(process.env['GALERA_SESSIONS'] ?? 24);
/** Sessions that are under way at a time for each pair. */
const LANES = 2;
/** Nothing listens there. */
const NOWHERE = 1;

export interface Member extends AsyncDisposable {
  readonly sessions: SessionClient<Shop>;
  readonly hasRedis: boolean;
}

export interface MemberOptions {
  /** Whether it reaches Redis. @defaultValue true */
  readonly hasRedis?: boolean;
  /** @defaultValue that of the library */
  readonly durableTimeout?: Duration;
}

/** A client whose database is this node, or what leads to it. */
export async function memberAt(
  node: Pick<GaleraNode, 'ca' | 'url'>,
  { ca, password, port, username }: NodeOptions['redis'],
  { hasRedis = true, durableTimeout }: MemberOptions = {},
): Promise<Member> {
  const { prisma, close } = await openPrisma('mysql', node.url, { ca: node.ca });
  const sessions = await realClient({
    redis: { ca, password, username, port: hasRedis ? port : NOWHERE },
    database: { prisma, provider: 'mysql' },
    sweep: false,
    ...(durableTimeout === undefined ? {} : { durableTimeout }),
  });
  await sessions.ready({ timeout: '30s' });
  const end = async (): Promise<void> => {
    await sessions.close();
    await close();
  };
  return { sessions, hasRedis, [Symbol.asyncDispose]: end };
}

/** What a reader was answered that it must not be. */
export interface Wrong {
  /** Created sessions that were not found. */
  missing: number;
  /** Acknowledged updates that were not seen. */
  stale: number;
  /** Sessions that were logged out and found. */
  alive: number;
}

export const NOTHING_WRONG: Wrong = { missing: 0, stale: 0, alive: 0 };

/**
 * Lets one client create, update and end sessions that the other reads after each acknowledgement: at once, and where only the reader
 * has Redis, once more when its copies may no longer be behind. Only a copy in Redis may be behind until then.
 */
export async function exchange(writer: Member, reader: Member, count = SESSIONS): Promise<Wrong> {
  const wrong = { ...NOTHING_WRONG };
  const mayLag = reader.hasRedis && !writer.hasRedis;
  const written: { readonly id: string; readonly isEnded: boolean }[] = [];
  const check = async (id: string, isEnded: boolean, read: Read): Promise<void> => {
    const found = await reader.sessions.get(id, read.isStrong ? { consistency: 'strong' } : {});
    if (read.isAtOnce && mayLag && found?.servedBy === 'primary') return;
    if (isEnded && found !== null) wrong.alive += 1;
    if (!isEnded && !isUpdated(found)) wrong.stale += 1;
  };
  await inLanes(count, async (at) => {
    const { id } = await writer.sessions.create({ cart: [] });
    // Every second one without "strong", so that its copy in Redis stays what it was.
    const isStrong = at % 2 === 0;
    if ((await reader.sessions.get(id, isStrong ? { consistency: 'strong' } : {})) === null) wrong.missing += 1;
    const isEnded = at % 4 >= 2;
    if (isEnded) await writer.sessions.destroy(id);
    else await writer.sessions.update(id, (draft) => void draft.cart.push('A1'));
    await check(id, isEnded, { isStrong, isAtOnce: true });
    written.push({ id, isEnded });
  });
  if (!mayLag) return wrong;
  await pause(FEED_FRESH_MS);
  await inLanes(count, (at) => check(written[at]!.id, written[at]!.isEnded, { isStrong: false, isAtOnce: false }));
  return wrong;
}

interface Read {
  readonly isStrong: boolean;
  readonly isAtOnce: boolean;
}

const isUpdated = (found: Session<Shop> | null): boolean => found?.data.cart.length === 1;

/** Calls `work` for each number below `count`, a few at a time. */
export async function inLanes(count: number, work: (at: number) => Promise<void>, lanes = LANES): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Lets all of them add to one session, and answers how much it holds then. */
export async function increments(members: readonly Member[], count: number): Promise<number> {
  const [first] = members;
  const { id } = await first!.sessions.create({ cart: [] });
  const add = async (at: number): Promise<void> => {
    await members[at % members.length]!.sessions.update(id, (draft) => void draft.cart.push('A1'));
  };
  await inLanes(count, add, 2 * members.length);
  return (await members.at(-1)!.sessions.get(id, { consistency: 'strong' }))!.data.cart.length;
}
