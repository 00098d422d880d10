import { durableTierCases } from 'holdfast/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { prismaSubject } from '../support/prisma-subject.ts';
import { freshDatabase, type FreshDatabase } from '../support/shared.ts';

describe.each(['postgresql', 'mysql'] as const)(
  'the durable tier contract: prisma on %s, with a table in partitions',
  (provider) => {
    let database: FreshDatabase;
    const subject = prismaSubject(() => ({ database }));

    beforeAll(async () => {
      database = await freshDatabase(provider, { partitions: 32 });
    });
    afterAll(() => database?.close());

    it.each(durableTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
  },
);
