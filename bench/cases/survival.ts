import { until } from '../../test/support/servers/until.ts';
import { inParallel } from '../measure/in-parallel.ts';
import { startServers, type Servers } from '../servers.ts';
import { newSessionData } from '../session-data.ts';
import { openStore, STORE_NAMES } from '../stores/all.ts';

/** The share of acknowledged sessions that are there after every server was killed at once, and started again. */
export interface SurvivalResult {
  readonly store: string;
  readonly acknowledged: number;
  readonly left: number;
}

const SESSIONS = 1_000;
const CALLERS = 64;
/** The persistence of redis.conf as shipped: a snapshot now and then, no append-only file. */
const REDIS_AS_SHIPPED = { save: '3600 1 300 100 60 10000' };

/** Measures persistence: SIGKILL to Redis and PostgreSQL right after the last acknowledgement. */
export async function survival(): Promise<SurvivalResult[]> {
  await using servers = await startServers({ directives: REDIS_AS_SHIPPED });
  await using closing = new AsyncDisposableStack();
  const tried = [];
  for (const name of STORE_NAMES) {
    const store = await openStore(name, servers, 'survival');
    closing.defer(() => store.close());
    const sessions = Array.from({ length: SESSIONS }, (_, at) => newSessionData(at));
    tried.push({ name, store, ids: await inParallel(sessions, CALLERS, (data) => store.create(data)) });
  }
  await killAll(servers);
  const results: SurvivalResult[] = [];
  for (const { name, store, ids } of tried) {
    await until(() => store.create(newSessionData(0)), { what: name, timeoutMs: 20_000 });
    const found = await inParallel(ids, CALLERS, (id) => store.read(id));
    results.push({ store: name, acknowledged: SESSIONS, left: found.filter((data) => data !== null).length });
  }
  return results;
}

async function killAll({ redis, postgres }: Servers): Promise<void> {
  await Promise.all([redis.kill(), postgres.kill()]);
  await Promise.all([redis.start(), postgres.start()]);
}
