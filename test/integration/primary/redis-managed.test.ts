import { describe, expect, it } from 'vitest';
import { aValue, cleanups, failureOf, filled, make, MINUTE, opened, start } from '../../support/real-redis-tier.ts';
import { stampOf } from '../../support/redis-calls.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { InfoFilter } from '../../support/servers/info-filter.ts';
import type { PrimaryServer } from '../../../src/tiers/one-server.ts';

/** A server whose INFO lacks these fields for its clients. */
async function behindFilter(hidden: readonly string[]) {
  const certificates = await (await createAuthority()).issue();
  const server = await start({ certificates });
  const filter = await InfoFilter.start(server, certificates, hidden);
  cleanups.push(() => filter.stop());
  const { username, password } = server;
  return { server, url: `rediss://${filter.host}:${filter.port}`, username, password };
}

async function useAll(tier: PrimaryServer): Promise<void> {
  const place = await filled(tier);
  expect(await tier.read(place)).toMatchObject({ kind: 'value' });
  await tier.restamp(place, stampOf(aValue(tier)));
  expect(await tier.publish(place, aValue(tier, { revision: 6 }))).toBe(true);
  await tier.evict(place, 7);
  await tier.hold(place);
  await tier.tombstone(place, MINUTE);
  await tier.confirm();
  await tier.probe();
}

describe('a service that hides parts of INFO', () => {
  it('is used if it says who it is, though nothing about memory, persistence, version and time', async () => {
    const hidden = ['used_memory', 'maxmemory', 'loading', 'server_time_usec', 'redis_version', 'redis_mode', 'os'];
    const { server, ...options } = await behindFilter(hidden);
    const tier = await opened(server, options);
    await useAll(tier);
    const direct = await opened(server);
    expect(tier.vantage()?.incarnation).toBe(direct.vantage()?.incarnation);
  });

  it.each(['run_id', 'master_replid', 'role'])(
    'is refused without %s, which distinguishes one master from another',
    async (field) => {
      const { server, ...options } = await behindFilter([field]);
      expect(await failureOf(make(server, options).open())).toMatchObject({
        kind: 'misconfigured',
        reason: 'run-id',
        advice: expect.stringContaining('does not report its incarnation'),
      });
    },
  );
});

describe('a service that refuses commands of administrators', () => {
  it('is used: none of them is needed', async () => {
    const server = await start();
    const grants = ['+@all', '-@admin', '-@dangerous', '-client', '-cluster', '-config', '-script', '+info'];
    await server.cli('ACL', 'SETUSER', server.username, ...grants);
    await server.cli('ACL', 'LOG', 'RESET');
    await useAll(await opened(server));
    expect(await server.cli('ACL', 'LOG')).toEqual([]);
  });

  it.each(['MGET', 'EVALSHA', 'TIME', 'INFO', 'PEXPIRE'])(
    'is refused if it has renamed or removed %s',
    async (command) => {
      const server = await start({ directives: { 'rename-command': `${command} ""` } });
      expect(await failureOf(make(server).open())).toMatchObject({
        kind: 'misconfigured',
        reason: 'unknown-command',
        advice: expect.stringContaining('has renamed it'),
      });
    },
  );
});
