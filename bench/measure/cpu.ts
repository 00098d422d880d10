import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';

/**
 * The microseconds of CPU that were used so far. Those of the servers are NaN where the system does not report them.
 */
export interface CpuTimes {
  readonly client: number;
  readonly redis: number;
  readonly database: number;
}

/** The processes whose CPU time is read; undefined where they run in a container. */
export interface WatchedServers {
  readonly redis: { readonly pid: number | undefined };
  readonly postgres: { readonly pid: number | undefined };
  /** The other servers of Redis, whose time is added to that of the first. */
  readonly moreRedis?: readonly { readonly pid: number | undefined }[];
}

/** The unit of /proc on Linux: hundredths of a second, whatever the kernel's own tick is (`getconf CLK_TCK`). */
const TICK_US = 10_000;

export function cpuTimes({ redis, postgres, moreRedis = [] }: WatchedServers): CpuTimes {
  const { user, system } = process.cpuUsage();
  return {
    client: user + system,
    ...serverTimes(
      [redis, ...moreRedis].map(({ pid }) => pid),
      postgres.pid,
    ),
  };
}

export function cpuBetween(from: CpuTimes, to: CpuTimes): CpuTimes {
  return { client: to.client - from.client, redis: to.redis - from.redis, database: to.database - from.database };
}

function serverTimes(redis: readonly (number | undefined)[], postgres: number | undefined): Omit<CpuTimes, 'client'> {
  if (platform() !== 'linux' || redis.includes(undefined) || postgres === undefined) {
    return { redis: Number.NaN, database: Number.NaN };
  }
  const table = processTable();
  const total = (rows: readonly ProcessRow[]): number => rows.reduce((sum, { ticks }) => sum + ticks * TICK_US, 0);
  const server = table.filter(({ pid }) => pid === postgres);
  return {
    redis: total(table.filter(({ pid }) => redis.includes(pid))),
    // PostgreSQL has one process per connection, all children of the server, which inherits the times of those that
    // end.
    database: total([...server, ...table.filter(({ parent }) => parent === postgres)]) + inherited(server),
  };
}

const inherited = (rows: readonly ProcessRow[]): number =>
  rows.reduce((sum, { childTicks }) => sum + childTicks * TICK_US, 0);

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  readonly childTicks: number;
}

/**
 * Reads /proc (proc(5)): after the name, which may hold spaces, come state, ppid and so on; from the 12th: utime,
 * stime, cutime, cstime.
 */
function processTable(): ProcessRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const fields = stat
          .slice(stat.lastIndexOf(')') + 2)
          .split(' ')
          .map(Number);
        const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11);
        return [{ pid: Number(name), parent: fields[1] ?? 0, ticks: utime + stime, childTicks: cutime + cstime }];
      } catch {
        return []; // It ended between the listing and the look.
      }
    });
}
