import type { Engine } from '../../engine/engine.ts';
import { findByHandles } from '../../client/user-sessions.ts';
import { WALK_PAGE_ROWS } from '../../limits/upkeep.ts';
import { handleOf } from '../../session/session-id.ts';
import { Steps } from '../../upkeep/steps.ts';
import type { Context } from '../commands/command.ts';

/** Returns the storage key of the session with this handle, from the rows of its user; undefined if the user has no such row. */
export async function findOfUser(engine: Engine, userId: string, handle: string): Promise<Buffer | undefined> {
  const [found] = await engine.use(({ codec, store }) =>
    findByHandles(store.listByUser(codec.userKeys(userId)), [handle]),
  );
  return found;
}

/** Finds a living session by its handle alone: no index leads there, so it looks at every row, page by page. */
export async function findAnywhere(engine: Engine, handle: string, context: Context): Promise<Buffer | undefined> {
  const steps = new Steps(engine, context.signal);
  let after: Buffer | null = Buffer.alloc(0);
  let looked = 0;
  while (after !== null) {
    const from: Buffer = after;
    const { rows, next } = await steps.take(({ store }) => store.walk(from, WALK_PAGE_ROWS));
    const found = rows.find(({ storageKey }) => handleOf(storageKey) === handle);
    if (found !== undefined) return found.storageKey;
    looked += rows.length;
    context.terminal.showProgress((columns) => `${looked} sessions looked at`.slice(0, columns));
    after = next;
  }
  return undefined;
}
