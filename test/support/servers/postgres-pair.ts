import { migrate } from './databases.ts';
import { FaultProxy } from './fault-proxy.ts';
import { asPostgresAdmin, type PostgresServer, startPostgres } from './postgres.ts';
import { until } from './until.ts';

/** A primary and its hot standby, with the session tables. Clients come in through `door`, which leads to the primary at first. */
export interface PostgresPair extends AsyncDisposable {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
  readonly door: FaultProxy;
  /** The url of the door. */
  readonly url: string;
  readonly ca: string;
  /** Makes the standby a primary, and waits until it can be written. */
  promote(): Promise<void>;
}

/** `synchronous`: the primary acknowledges a commit once the standby has it on its disk. */
export async function startPostgresPair({ synchronous }: { synchronous: boolean }): Promise<PostgresPair> {
  const primary = await startPostgres();
  await migrate('postgresql', primary.url, { ca: primary.ca });
  const standby = await primary.startStandby();
  if (synchronous) {
    await asPostgresAdmin(primary, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
    await asPostgresAdmin(primary, 'SELECT pg_reload_conf()');
  }
  const wanted = synchronous ? 'sync' : 'async';
  await until(async () => {
    const [row] = await asPostgresAdmin(primary, 'SELECT state, sync_state FROM pg_stat_replication');
    return row?.['state'] === 'streaming' && row['sync_state'] === wanted;
  });
  const door = await FaultProxy.start(primary);
  const url = new URL(primary.url);
  url.port = String(door.port);
  return {
    primary,
    standby,
    door,
    url: url.href,
    ca: primary.ca,
    async promote() {
      await asPostgresAdmin(standby, 'SELECT pg_promote()');
      await until(async () => {
        const [row] = await asPostgresAdmin(standby, 'SELECT pg_is_in_recovery() AS recovers');
        return row?.['recovers'] === false;
      });
    },
    async [Symbol.asyncDispose]() {
      await door.stop();
      await Promise.all([primary.stop(), standby.stop()]);
    },
  };
}
