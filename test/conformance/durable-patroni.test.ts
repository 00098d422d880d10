import { durableTierCases } from 'holdfast/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { prismaSubject } from '../support/prisma-subject.ts';
import { openPrisma, type OpenedPrisma } from '../support/servers/databases.ts';
import { hasPatroni, type PatroniCluster, startPatroni } from '../support/servers/patroni.ts';

describe.skipIf(!hasPatroni())('the durable tier contract: prisma on postgresql under Patroni, through HAProxy', () => {
  let cluster: PatroniCluster;
  let client: OpenedPrisma;
  const subject = prismaSubject(() => ({ database: { prisma: client.prisma, provider: 'postgresql' } }));

  beforeAll(async () => {
    cluster = await startPatroni({ synchronous: true });
    client = await openPrisma('postgresql', cluster.url, { ca: cluster.ca });
  });

  afterAll(async () => {
    await client?.close();
    await cluster?.stop();
  });

  it.each(durableTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});
