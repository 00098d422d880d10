import { readFile } from 'node:fs/promises';
import { describeNoClient } from '../../client/engine-of.ts';
import { SessionClient } from '../../client/session-client.ts';
import { codeOf } from '../../keys/file/ring-file.ts';
import { keyRingFile } from '../../keys/key-source.ts';
import { prismaTier } from '../../tiers/prisma/index.ts';
import type { PrismaClientLike } from '../../tiers/prisma/prisma-client.ts';
import type { PrismaProvider } from '../../tiers/prisma/prisma-options.ts';
import type { DurableTier } from '../../tiers/durable.ts';
import type { PrimaryTier } from '../../tiers/primary.ts';
import type { Context } from '../commands/command.ts';
import { openerOf, readSecretText } from '../ring/openers.ts';
import { ringPathOf } from '../ring/ring-files.ts';
import { failure, usageError } from '../shell/exit.ts';
import { exported } from '../shell/import-module.ts';
import type { Settings } from './settings.ts';

/** Refuses settings that name neither a client nor the servers to make one for. `hint` says what else to do. */
export function requireClient(settings: Settings, hint = ''): void {
  if (settings.has('client') || settings.has('redisUrl') || settings.has('prisma')) return;
  throw usageError(`--client is missing, and no configuration names a client, or Redis and the database.${hint}`);
}

/**
 * Returns the application's own client, which does nothing yet: the one of `client`, else one for the servers that the
 * settings name.
 */
export async function clientOf(context: Context): Promise<SessionClient> {
  const { settings } = context;
  if (settings.has('client')) return ownClient(settings.value('client'));
  requireClient(settings);
  const keys = keyRingFile(ringPathOf(context), await openerOf(context));
  const [primary, durable] = await Promise.all([redisOf(settings), databaseOf(settings)]);
  const namespace = settings.text('namespace');
  return new SessionClient({ keys, primary, durable, ...(namespace !== undefined && { namespace }) });
}

async function ownClient(named: unknown): Promise<SessionClient> {
  const sessions = await exported(named, 'sessions', 'a SessionClient');
  if (sessions instanceof SessionClient) return sessions;
  const where = typeof named === 'string' ? `The module ${named}` : 'client of the configuration';
  throw failure(`${where}: expected a SessionClient, but got ${describeNoClient(sessions)}.`);
}

async function redisOf(settings: Settings): Promise<PrimaryTier> {
  const [password, ca, cert, key] = await Promise.all([
    passwordOf(settings),
    pemOf(settings.text('redisCaFile')),
    pemOf(settings.text('redisCertFile')),
    pemOf(settings.text('redisKeyFile')),
  ]);
  // Only now: ioredis is an optional peer, which other commands do without.
  const { redisTier } = await import('../../tiers/redis/index.ts');
  const username = settings.text('redisUsername');
  const tls = Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, pem]) => pem !== undefined));
  return redisTier({
    url: settings.required('redisUrl'),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(Object.keys(tls).length > 0 && { tls }),
  });
}

async function passwordOf(settings: Settings): Promise<string | undefined> {
  const { redisPassword, redisPasswordFile } = settings.together(['redisPassword', 'redisPasswordFile']);
  if (redisPassword !== undefined && redisPasswordFile !== undefined) {
    throw usageError('One of $HOLDFAST_REDIS_PASSWORD and $HOLDFAST_REDIS_PASSWORD_FILE is enough.');
  }
  if (typeof redisPassword === 'string') return redisPassword;
  return typeof redisPasswordFile === 'string' ? readSecretText(redisPasswordFile) : undefined;
}

async function databaseOf(settings: Settings): Promise<DurableTier> {
  const provider = settings.required('provider') as PrismaProvider;
  const table = settings.text('table');
  if (!settings.has('prisma')) settings.required('prisma');
  // A Prisma client is checked where it is used.
  const prisma = (await exported(settings.value('prisma'), 'prisma', 'a Prisma client')) as PrismaClientLike;
  return prismaTier(prisma, { provider, ...(table !== undefined && { table }) });
}

async function pemOf(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw failure(`The file ${path} could not be read (${codeOf(error)}).`);
  });
}
