import { type PrismaClientLike, prismaTier } from '../../src/tiers/prisma/index.ts';
import type { PrismaClient as MysqlClient } from '../support/generated/mysql/client.ts';
import type { PrismaClient as PostgresClient } from '../support/generated/postgresql/client.ts';
import type { PrismaClient as SqliteClient } from '../support/generated/sqlite/client.ts';

declare const mysql: MysqlClient;
declare const postgres: PostgresClient;
declare const sqlite: SqliteClient;

prismaTier(mysql, { provider: 'mysql' });
prismaTier(postgres, { provider: 'postgresql' });
prismaTier(sqlite, { provider: 'sqlite', table: 'session' });

const extended = postgres.$extends({
  client: { hello: () => 'world' },
  query: { $allOperations: ({ args, query }) => query(args) },
});
prismaTier(extended, { provider: 'postgresql' });
prismaTier(extended.$extends({ model: { $allModels: { count2: () => 2 } } }), { provider: 'postgresql' });

void postgres.$transaction(async (transaction) => {
  // A transaction has both methods too, and types cannot distinguish it from a client. The documentation warns.
  transaction satisfies PrismaClientLike;
});

// @ts-expect-error a model is no client
prismaTier(postgres.holdfastSession, { provider: 'postgresql' });
// @ts-expect-error nor is a connection string
prismaTier('postgresql://localhost/shop', { provider: 'postgresql' });
// @ts-expect-error raw queries alone are not enough
prismaTier({ $queryRawUnsafe: async (_text: string) => [] }, { provider: 'postgresql' });
// @ts-expect-error the number of rows changed must come back as a number
prismaTier({ $queryRawUnsafe: async () => [], $executeRawUnsafe: async () => 'many' }, { provider: 'sqlite' });
// @ts-expect-error another database
prismaTier(postgres, { provider: 'mongodb' });
// @ts-expect-error the provider decides the wording of every statement
prismaTier(postgres, {});
// @ts-expect-error leave it out instead
prismaTier(postgres, { provider: 'postgresql', table: undefined });
