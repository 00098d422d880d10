import type { Machines, World } from './world.ts';

interface TierState {
  readonly state: 'degraded' | 'down' | 'up';
  readonly reason?: string | undefined;
}

/** What the panel shows of servers, tiers and keys. */
export interface State extends Machines {
  readonly nodes: readonly {
    readonly primary: TierState;
    readonly durable: TierState;
    readonly keys: TierState;
    readonly ring: number | undefined;
  }[];
  readonly keys: readonly {
    readonly name: string;
    readonly use: 'data' | 'index';
    readonly state: string;
    readonly since: number;
    readonly sessions: number | undefined;
  }[];
  readonly version: number;
}

/** Reads the state without asking Redis anything. */
export async function readState(world: World): Promise<State> {
  const health = await Promise.all(world.nodes.map(({ sessions }) => sessions.health()));
  const counts = await sessionsByKey(world);
  return {
    ...world.machines,
    nodes: health.map(({ primary, durable, keys }) => ({
      primary: tierOf(primary),
      durable: tierOf(durable),
      keys: tierOf(keys),
      ring: keys.ring,
    })),
    keys: world.ring.keys().map(({ kid, use, state, createdAt, activatedAt }) => {
      const name = Buffer.from(kid, 'base64url').toString('hex', 0, 8);
      const isData = use === 'enc';
      return {
        name,
        use: isData ? 'data' : 'index',
        state,
        since: activatedAt ?? createdAt,
        sessions: isData ? (counts?.get(name) ?? (counts && 0)) : undefined,
      };
    }),
    version: world.ring.version,
  };
}

const tierOf = ({ state, reason }: TierState): TierState => ({ state, reason });

/** How many living sessions each key seals; undefined while the database is stopped. */
async function sessionsByKey({ auditor, machines }: World): Promise<ReadonlyMap<string, number> | undefined> {
  if (machines.database !== 'running') return undefined;
  const groups = await auditor.prisma.holdfastSession
    .groupBy({ by: ['keyId'], where: { revokedAt: null }, _count: true })
    .catch(() => undefined);
  return groups && new Map(groups.map(({ keyId, _count }) => [Buffer.from(keyId).toString('hex'), _count]));
}
