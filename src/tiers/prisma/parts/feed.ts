import type { Feed, FeedPage, FeedPosition } from '../../durable.ts';
import { toFeedPage } from '../../sql/rows/rows.ts';
import type { OpenTierSlot } from './open-tier.ts';

export class PrismaFeed implements Feed {
  readonly #tier: OpenTierSlot;
  #isAdvancing = false;

  constructor(tier: OpenTierSlot) {
    this.#tier = tier;
  }

  async markDirty(storageKey: Buffer): Promise<void> {
    const { namespace, runner, statements } = this.#tier.get();
    await runner.count(statements.feed.markDirty(namespace, storageKey));
  }

  async read(after: FeedPosition | number, limit: number): Promise<FeedPage> {
    const { namespace, runner, statements, time } = this.#tier.get();
    const page = await runner.rows(statements.feed.read(namespace, { after, limit }), (rows) => toFeedPage(rows, time));
    if (time?.isBehind && !this.#isAdvancing) void this.#advanceTime();
    return page;
  }

  /** Commits the time of a cluster. No poll waits for it, and one that fails is made up for by the next poll of any client. */
  async #advanceTime(): Promise<void> {
    const { namespace, runner, statements } = this.#tier.get();
    if (statements.time === null) return;
    this.#isAdvancing = true;
    await runner.count(statements.time.advance(namespace, undefined)).catch(() => undefined);
    this.#isAdvancing = false;
  }

  async clear(before: number, limit: number): Promise<number> {
    const { namespace, runner, statements } = this.#tier.get();
    return runner.count(statements.feed.clear(namespace, { before, limit }));
  }
}
