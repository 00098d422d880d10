import { durableTierCases } from 'holdfast/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { prismaSubject } from '../support/prisma-subject.ts';
import { openPrisma, type OpenedPrisma } from '../support/servers/databases.ts';
import { hasPgbouncer, type Pgbouncer, startPgbouncer } from '../support/servers/pgbouncer.ts';
import { freshDatabase, type FreshDatabase, sharedPostgres } from '../support/shared.ts';

/** By default the driver adapter prepares each statement anew and without a name. */
const CLIENTS = [
  ['that names no prepared statement', {}, { max_prepared_statements: '0' }],
  ['that names its prepared statements', { namesStatements: true }, { max_prepared_statements: '200' }],
] as const;

describe.skipIf(!hasPgbouncer()).each(CLIENTS)(
  'the durable tier contract: prisma on postgresql behind PgBouncer in transaction mode, by a client %s',
  (_what, options, settings) => {
    let bouncer: Pgbouncer;
    let database: FreshDatabase;
    let client: OpenedPrisma;
    const subject = prismaSubject(() => ({ database, client }));

    beforeAll(async () => {
      database = await freshDatabase('postgresql');
      bouncer = await startPgbouncer(sharedPostgres(), settings);
      client = await openPrisma('postgresql', bouncer.urlOf(database.url), { ca: bouncer.ca, ...options });
    });

    afterAll(async () => {
      await client?.close();
      await bouncer?.[Symbol.asyncDispose]();
      await database?.close();
    });

    it.each(durableTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(subject));
  },
);
