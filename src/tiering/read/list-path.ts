import { LIST_PAGE_ROWS } from '../../limits/durable-tier.ts';
import type { SealedRecord } from '../../session/sealed-record.ts';
import type { TieringContext } from '../context.ts';

/** Yields a user's rows page by page, so that never all envelopes are in memory. */
export async function* pagesOfUser(
  { durable }: TieringContext,
  userKeys: readonly Buffer[],
): AsyncGenerator<SealedRecord[], void> {
  let after: Buffer = Buffer.alloc(0);
  for (;;) {
    const page = await durable.sessions.listByUser(userKeys, after, LIST_PAGE_ROWS);
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < LIST_PAGE_ROWS) return;
    after = last.storageKey;
  }
}
