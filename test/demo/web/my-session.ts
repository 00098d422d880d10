import type { Shop } from '../../../examples/shop/sessions.ts';
import { redisKey, storageKey } from '../stored.ts';
import { entryParts } from './parts/entry-parts.ts';
import type { Part } from './parts/part.ts';
import { rowParts } from './parts/row-parts.ts';
import type { World } from './world.ts';

/** What a store holds of the visitor's session. */
export interface Holding {
  readonly parts: readonly Part[];
  /** One sentence on the whole. */
  readonly note: string;
}

export interface MySession {
  /** The beginning of the session id in the visitor's own cookie. */
  readonly cookie: string | null;
  /** What the shop sees, with the key; null while there is no session, or no store answers. */
  readonly opened: { readonly user: string | null; readonly revision: number; readonly data: Shop } | null;
  readonly redis: Holding;
  readonly database: Holding;
}

/** Such pictures are shared: the whole id would be the session itself. */
const SHOWN_CHARS = 6;

/** Reads both stores, and not through the library. */
export async function readMySession(world: World, id: string | undefined): Promise<MySession> {
  if (id === undefined) {
    const nothing = {
      parts: [],
      note: 'You have no session yet: a visitor who only looks gets no cookie. Put something into the cart.',
    };
    return { cookie: null, opened: null, redis: nothing, database: nothing };
  }
  const [opened, redis, database] = await Promise.all([open(world, id), inRedis(world, id), inDatabase(world, id)]);
  return { cookie: id.slice(0, SHOWN_CHARS), opened, redis, database };
}

async function open({ nodes, recorder }: World, id: string): Promise<MySession['opened']> {
  const session = await recorder.visit('panel', () => nodes[0].sessions.get(id, { touch: false }).catch(() => null));
  if (session === null) return null;
  return {
    user: session.userId ?? null,
    revision: session.revision,
    data: { cart: session.data.cart.map((line) => ({ ...line })) },
  };
}

async function inRedis({ redis, machines }: World, id: string): Promise<Holding> {
  if (machines.redis !== 'running')
    return { parts: [], note: `Redis is ${machines.redis === 'killed' ? 'dead' : 'frozen'}: nobody can look into it.` };
  const key = redisKey(id);
  const value = await redis.asAdmin((admin) => admin.getBuffer(key)).catch(() => undefined);
  if (value === undefined) return { parts: [], note: 'Redis did not answer.' };
  const note =
    value === null
      ? 'Redis has no copy of your session. The next read puts one there.'
      : `GET ${key.slice(0, 14)}… ${value.length} bytes.`;
  return { parts: value === null ? [] : entryParts(key, value), note };
}

async function inDatabase({ auditor, machines }: World, id: string): Promise<Holding> {
  if (machines.database !== 'running') return { parts: [], note: 'PostgreSQL is stopped.' };
  const row = await auditor.prisma.holdfastSession
    .findUnique({ where: { storageKey: new Uint8Array(storageKey(id)) } })
    .catch(() => undefined);
  if (row === undefined) return { parts: [], note: 'PostgreSQL did not answer.' };
  if (row === null) return { parts: [], note: 'PostgreSQL has no row under the hash of your cookie.' };
  return {
    parts: rowParts(row),
    note: `One row of holdfast_session${row.revokedAt === null ? '' : ': the session has ended, and its content is erased'}.`,
  };
}
