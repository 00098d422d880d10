import type { TestProject } from 'vitest/node';
import { removeLeftContainers } from './servers/docker.ts';
import { type LazyServer, startLazily } from './servers/lazy-server.ts';
import { startMariadb } from './servers/mariadb.ts';
import { type PostgresCoordinates, type PostgresServer, startPostgres } from './servers/postgres.ts';
import { insistsOnDocker } from './servers/provider.ts';
import { type RedisCoordinates, type RedisServer, startRedis } from './servers/redis.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    redis: RedisCoordinates;
    postgres: PostgresCoordinates;
    /** Where to ask for the coordinates of MariaDB. */
    mariadb: string;
  }
}

interface SharedServers {
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  readonly mariadb: LazyServer;
}

/** Each vitest project loads this file anew; the process is what they have in common. */
const shared = globalThis as { holdfastServers?: { readonly started: Promise<SharedServers>; users: number } };

/** One Redis, one PostgreSQL and one MariaDB for the whole run; tests keep apart by namespace and by database. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.holdfastServers ??= { started: start(), users: 0 };
  const servers = shared.holdfastServers;
  servers.users += 1;

  const { redis, postgres, mariadb } = await servers.started;
  project.provide('redis', redis.coordinates);
  project.provide('postgres', postgres.coordinates);
  project.provide('mariadb', mariadb.address);

  return async () => {
    servers.users -= 1;
    if (servers.users > 0) return;
    delete shared.holdfastServers;
    await Promise.all([redis.stop(), postgres.stop(), mariadb.stop()]);
    await requireNoContainers();
  };
}

async function start(): Promise<SharedServers> {
  // "t*" lets every test have a namespace of its own under one least-privilege user.
  const starts = [startRedis({ namespace: 't*' }), startPostgres(), startLazily(() => startMariadb())] as const;
  try {
    const [redis, postgres, mariadb] = await Promise.all(starts);
    return { redis, postgres, mariadb };
  } catch (error) {
    for (const started of await Promise.allSettled(starts)) {
      if (started.status === 'fulfilled') await started.value.stop();
    }
    throw error;
  }
}

/** A run in Docker that leaves a container behind fails. */
async function requireNoContainers(): Promise<void> {
  if (!insistsOnDocker()) return;
  const left = await removeLeftContainers();
  if (left.length > 0) throw new Error(`The tests left containers behind: ${left.join(', ')}`);
}
