import type { Feed, FeedPage, FeedPosition } from '../../durable.ts';
import { toFeedPage } from '../../sql/rows/rows.ts';
import type { Statements } from '../../sql/statements/statements.ts';
import type { OpenTierSlot } from './open-tier.ts';

export class PrismaFeed implements Feed {
  readonly #tier: OpenTierSlot;
  readonly #statements: Statements['feed'];

  constructor(tier: OpenTierSlot, statements: Statements['feed']) {
    this.#tier = tier;
    this.#statements = statements;
  }

  async markDirty(storageKey: Buffer): Promise<void> {
    const { namespace, runner } = this.#tier.get();
    await runner.count(this.#statements.markDirty(namespace, storageKey));
  }

  async read(after: FeedPosition | number, limit: number): Promise<FeedPage> {
    const { namespace, runner } = this.#tier.get();
    return runner.rows(this.#statements.read(namespace, { after, limit }), toFeedPage);
  }

  async clear(before: number, limit: number): Promise<number> {
    const { namespace, runner } = this.#tier.get();
    return runner.count(this.#statements.clear(namespace, { before, limit }));
  }
}
