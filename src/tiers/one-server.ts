import type { TierFailure } from '../errors.ts';
import type { TierContext } from './context.ts';
import type { PrimaryFacts } from './diagnosis.ts';
import type { PrimaryEvents, PrimaryShard, PrimaryTier } from './primary.ts';

/** The name of the shard of a tier that has one. */
export const MAIN_SHARD = 'main';

/** A server that owns all keys: the only shard of its tier, which connects and disconnects with it. */
export interface PrimaryServer extends PrimaryShard {
  /** Does what `PrimaryTier.open` does, and calls `onChange` whenever `vantage()` turns from null or to null. */
  open(context: TierContext, onChange: () => void): Promise<void>;
  diagnose?(context: TierContext): Promise<PrimaryFacts>;
  close(): Promise<void>;
}

/** Makes a primary tier of one server. */
export function oneServerTier(name: string, server: PrimaryServer): PrimaryTier {
  return new OneServerTier(name, server);
}

class OneServerTier implements PrimaryTier {
  readonly name: string;
  readonly shards: readonly PrimaryShard[];
  readonly #server: PrimaryServer;

  constructor(name: string, server: PrimaryServer) {
    this.name = name;
    this.shards = [server];
    this.#server = server;
  }

  open(context: TierContext, events: PrimaryEvents): Promise<void> {
    return this.#server.open(context, () => events.onShardChange(this.#server));
  }

  shardOf(): PrimaryShard {
    return this.#server;
  }

  failure(): TierFailure | null {
    return null;
  }

  diagnose(context: TierContext): Promise<PrimaryFacts> {
    return this.#server.diagnose?.(context) ?? Promise.resolve({ servers: [] });
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}
