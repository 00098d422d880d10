import { expect, it } from 'vitest';
import { systemPlatform } from '../../../src/platform/platform.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { failureOf, NOW } from '../../support/durable-commands.ts';
import { openPrisma } from '../../support/servers/databases.ts';
import { FaultProxy } from '../../support/servers/fault-proxy.ts';
import { until } from '../../support/servers/until.ts';
import { freshDatabase } from '../../support/shared.ts';

/** The server's part of a handshake is in the first of them, and answers of statements in the others. */
const CHUNKS = [1, 2, 3, 4, 5, 6];

/** Not from MariaDB: its driver ends the process when a connection is lost while it is made. */
it(
  'a byte that is changed on the way from PostgreSQL is a broken wire, and no mistake of configuration',
  { timeout: 60_000 },
  async () => {
    const provider = 'postgresql';
    await using database = await freshDatabase(provider);
    const url = new URL(database.url);
    const proxy = await FaultProxy.start({ host: url.hostname, port: Number(url.port) });
    url.port = String(proxy.port);
    const failures: { readonly kind: string; readonly reason: string }[] = [];
    for (const chunk of CHUNKS) {
      await using client = await openPrisma(provider, url.href, { ca: database.ca ?? '', connections: 2 });
      const tier = prismaTier(client.prisma, { provider });
      proxy.set({ flip: { direction: 'down', chunk } });
      const opening = () => tier.open({ namespace: 'shop', platform: systemPlatform, timeoutMs: 3_000 });
      const failure = await failureOf(opening);
      if (failure.kind !== 'none') failures.push(failure);
      proxy.heal();
      await until(() => tier.upkeep.walk({ after: Buffer.alloc(0), limit: 1, aliveAt: NOW }).then(() => true));
    }
    await proxy.stop();
    expect(failures.length).toBeGreaterThan(0);
    for (const { kind, reason } of failures) {
      expect(kind).not.toBe('misconfigured');
      expect(reason).not.toBe('unknown');
    }
  },
);
