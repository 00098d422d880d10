import { ConfigurationError } from '../../errors.ts';
import { requireOptions } from '../../option-checks.ts';
import { DATABASE_NAMES, type DatabaseName } from '../sql/tag.ts';
import type { PrismaClientLike } from './prisma-client.ts';

/**
 * The names that PostgreSQL accepts without quotes. It cuts names to 63 bytes without a word (NAMEDATALEN - 1), and the
 * names of the tables beside this one are five longer.
 */
const TABLE = /^[a-z_][a-z0-9_]{0,57}$/i;
const DEFAULT_TABLE = 'holdfast_session';

export type PrismaProvider = DatabaseName;

export interface PrismaTierOptions {
  /** The `provider` of the schema that the client was generated from. */
  readonly provider: PrismaProvider;
  /**
   * The name of the sessions' table, if it is not the one of the migrations. The two beside it are this and `_ring`,
   * `_node`.
   * @defaultValue `'holdfast_session'`
   */
  readonly table?: string;
}

export interface ResolvedPrismaOptions {
  readonly provider: PrismaProvider;
  readonly table: string;
}

export function resolvePrismaOptions(client: PrismaClientLike, options: PrismaTierOptions): ResolvedPrismaOptions {
  requireClient(client);
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError(`prismaTier takes a client and { provider: ${quoted(DATABASE_NAMES)} }.`);
  }
  const { provider, table = DEFAULT_TABLE } = requireOptions('prismaTier', options, ['provider', 'table']);
  if (!DATABASE_NAMES.includes(provider)) {
    throw new ConfigurationError(`prismaTier: provider must be ${quoted(DATABASE_NAMES)}.`);
  }
  if (typeof table !== 'string' || !TABLE.test(table)) {
    throw new ConfigurationError(
      'prismaTier: table must be 1 to 58 letters, digits or underscores and not start with a digit.',
    );
  }
  if (provider === 'sqlite' && typeof client.$transaction !== 'function') {
    throw new ConfigurationError('prismaTier: with SQLite the client must have $transaction too.');
  }
  return { provider, table };
}

/** Refuses what is no client, without quoting it: a client holds the database's password. */
function requireClient(client: Partial<PrismaClientLike> | null | undefined): void {
  if (typeof client?.$queryRawUnsafe === 'function' && typeof client.$executeRawUnsafe === 'function') return;
  throw new ConfigurationError(
    'prismaTier: the first argument must be a Prisma client: it has neither $queryRawUnsafe nor $executeRawUnsafe.',
  );
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' or ');
}
