import { durableTierCases } from 'holdfast/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { DATABASE_NAMES } from '../../src/tiers/sql/tag.ts';
import { prismaSubject } from '../support/prisma-subject.ts';
import { freshDatabase, type FreshDatabase } from '../support/shared.ts';

describe.each(DATABASE_NAMES)('the durable tier contract: prisma on %s', (provider) => {
  let database: FreshDatabase;
  const subject = prismaSubject(() => ({ database }));

  beforeAll(async () => {
    database = await freshDatabase(provider);
  });
  afterAll(() => database?.close());

  it.each(durableTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
});
