import type { Feed, FeedPage, FeedPosition } from '../../durable.ts';
import type { Dialect } from '../dialect.ts';
import { toFeedPage } from '../rows.ts';
import type { OpenTierSlot } from './open-tier.ts';

export class PrismaFeed implements Feed {
  readonly #tier: OpenTierSlot;
  readonly #statements: Dialect['single'];

  constructor(tier: OpenTierSlot, { single }: Dialect) {
    this.#tier = tier;
    this.#statements = single;
  }

  async markDirty(storageKey: Buffer): Promise<void> {
    const { namespace, runner } = this.#tier.get();
    await runner.count(this.#statements.markDirty(namespace, storageKey));
  }

  async read(after: FeedPosition | number, limit: number): Promise<FeedPage> {
    const { namespace, runner } = this.#tier.get();
    return runner.rows(this.#statements.readFeed(namespace, after, limit), toFeedPage);
  }

  async clear(before: number, limit: number): Promise<number> {
    const { namespace, runner } = this.#tier.get();
    return runner.count(this.#statements.clearFeed(namespace, before, limit));
  }
}
