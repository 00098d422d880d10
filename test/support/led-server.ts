import { MemoryServer } from '../../src/tiers/memory/memory-primary-tier.ts';
import type { MemoryKeyspace } from '../../src/tiers/memory/index.ts';
import { oneServerTier, type PrimaryServer } from '../../src/tiers/one-server.ts';
import type { TierContext } from '../../src/tiers/context.ts';
import type { PrimaryTier } from '../../src/tiers/primary.ts';

/** A primary tier that a name or a proxy leads to one server or to another. */
export function ledTier(keyspace: MemoryKeyspace): {
  readonly tier: PrimaryTier;
  lead(keyspace: MemoryKeyspace): void;
} {
  let server = new MemoryServer(keyspace);
  let open = async (other: MemoryServer): Promise<void> => void other;
  let notify = (): void => undefined;
  const led = new Proxy(server, {
    get(_target, name) {
      if (name === 'open') {
        return (context: TierContext, onChange: () => void) => {
          notify = onChange;
          open = (other) => other.open(context, onChange);
          return open(server);
        };
      }
      const member: unknown = Reflect.get(server, name, server);
      return typeof member === 'function' ? (member.bind(server) as unknown) : member;
    },
  }) satisfies PrimaryServer;
  return {
    tier: oneServerTier('memory', led),
    lead(other) {
      server = new MemoryServer(other);
      // The connection to the first one has ended.
      notify();
      void open(server);
    },
  };
}
