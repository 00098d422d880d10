import type { SessionClient } from '../../client/session-client.ts';
import type { Engine } from '../../engine/engine.ts';
import { BENCH_DESTROY_LIFETIME_MS } from '../../limits/cli.ts';
import { storageKeyOf } from '../../session/session-id.ts';
import type { OwnSessions } from './own-sessions.ts';

/** The microseconds of client CPU that docs/operating/capacity.md has for an operation: from, to. */
export type CpuRange = readonly [from: number, to: number];

/** An operation that is measured. */
export interface Operation {
  readonly name: string;
  readonly title: string;
  /** Null where capacity.md has no figure. */
  readonly capacityUs: CpuRange | null;
  /** True if Redis is expected to answer. */
  readonly isFromRedis: boolean;
  /** True if each call takes a session more. */
  readonly usesUp: boolean;
  /** Makes what one call uses up; not measured. */
  readonly supply?: () => Promise<string>;
  /** Runs the call with this number. Resolves to the tier that answered, if it is a read. */
  call(n: number, supplied: string): Promise<string | undefined>;
}

/** Returns the operations in the order in which they are measured: what `destroy` leaves in Redis is gone when the others are done. */
export function operationsOf(client: SessionClient, engine: Engine, sessions: OwnSessions): readonly Operation[] {
  const read = async (id: string, consistency: 'bounded' | 'strong'): Promise<string | undefined> => {
    const session = await client.get(id, { touch: false, consistency });
    return session?.servedBy;
  };
  return [
    {
      name: 'destroy',
      title: 'destroy',
      capacityUs: null,
      isFromRedis: false,
      usesUp: true,
      supply: () => sessions.createToDestroy(BENCH_DESTROY_LIFETIME_MS),
      async call(_, id) {
        await client.destroy(id, { by: 'operator' });
        return undefined;
      },
    },
    {
      name: 'create',
      title: 'create',
      capacityUs: [46, 46],
      isFromRedis: false,
      usesUp: true,
      async call() {
        await sessions.create();
        return undefined;
      },
    },
    {
      name: 'readAgain',
      title: 'read again',
      capacityUs: [12, 12],
      isFromRedis: true,
      usesUp: false,
      call: (n) => read(sessions.living(n), 'bounded'),
    },
    {
      name: 'readNotLately',
      title: 'read, not seen lately',
      capacityUs: [21, 21],
      isFromRedis: true,
      usesUp: false,
      call(n) {
        const id = sessions.living(n);
        engine.memo?.forget(storageKeyOf(id));
        return read(id, 'bounded');
      },
    },
    {
      name: 'readDatabase',
      title: 'read from the database',
      capacityUs: [24, 38],
      isFromRedis: false,
      usesUp: false,
      call: (n) => read(sessions.living(n), 'strong'),
    },
    {
      name: 'update',
      title: 'update',
      capacityUs: [96, 96],
      isFromRedis: false,
      usesUp: false,
      async call(n) {
        await client.update(sessions.living(n), (data) => data);
        return undefined;
      },
    },
  ];
}
