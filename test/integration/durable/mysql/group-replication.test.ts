import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { open } from '../../../support/prisma-tier.ts';
import { prismaTier } from '../../../../src/tiers/prisma/index.ts';
import { migrate, openPrisma } from '../../../support/servers/databases.ts';
import { asMariadbAdmin, type MariadbServer, startMariadb } from '../../../support/servers/mariadb.ts';
import { mysqlFlavour } from '../../../support/servers/mysql-flavours.ts';

let server: MariadbServer;

/** Returns the failure with which a tier opens over connections that are made after the level was set; null if it opens. */
async function failureAt(level: string): Promise<unknown> {
  await asMariadbAdmin(server.coordinates, `SET GLOBAL group_replication_consistency = '${level}'`);
  const { url, ca } = server.coordinates;
  await using client = await openPrisma('mysql', url, { ca });
  return await open(prismaTier(client.prisma, { provider: 'mysql' }), 5_000).then(
    () => null,
    (error: unknown) => error,
  );
}

describe.skipIf(mysqlFlavour().name !== 'MySQL')('a MySQL that is a member of a group', () => {
  beforeAll(async () => {
    server = await startMariadb({
      // After the setting that switches it off.
      log_bin: 'binlog',
      server_id: '1',
      gtid_mode: 'ON',
      enforce_gtid_consistency: 'ON',
      // Members that do not encrypt load it all the same.
      ssl_ca: '/etc/holdfast-keys/server.crt',
      plugin_load_add: 'group_replication.so',
      group_replication_group_name: randomUUID(),
      group_replication_local_address: '127.0.0.1:33061',
      group_replication_group_seeds: '127.0.0.1:33061',
      group_replication_ip_allowlist: '127.0.0.1',
      group_replication_start_on_boot: 'OFF',
    });
    for (const statement of [
      'SET GLOBAL group_replication_bootstrap_group = ON',
      'START GROUP_REPLICATION',
      'SET GLOBAL group_replication_bootstrap_group = OFF',
    ]) {
      await asMariadbAdmin(server.coordinates, statement);
    }
    const { url, ca } = server.coordinates;
    await migrate('mysql', url, { ca });
  });

  afterAll(() => server?.stop());

  it.each(['EVENTUAL', 'BEFORE_ON_PRIMARY_FAILOVER', 'AFTER'])('is refused at the level %s', async (level) => {
    expect(await failureAt(level)).toMatchObject({
      kind: 'misconfigured',
      reason: 'stale-reads',
      advice: expect.stringContaining("SET PERSIST group_replication_consistency = 'BEFORE'"),
    });
  });

  it.each(['BEFORE', 'BEFORE_AND_AFTER'])('is used at the level %s', async (level) => {
    const [member] = await asMariadbAdmin(
      server.coordinates,
      'SELECT member_state AS state FROM performance_schema.replication_group_members',
    );
    expect(member).toEqual({ state: 'ONLINE' });
    expect(await failureAt(level)).toBeNull();
  });
});
