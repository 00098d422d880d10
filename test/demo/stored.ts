import { createHash } from 'node:crypto';
import type { OpenedPrisma } from '../support/servers/databases.ts';
import { NAMESPACE } from './fleet.ts';

/** What both stores know a session by. An application never needs it; this one looks under the floor. */
export function storageKey(id: string): Buffer {
  return createHash('sha256').update(id).digest();
}

export function redisKey(id: string): string {
  return `${NAMESPACE}:s:${storageKey(id).toString('base64url')}`;
}

/** The row as the application's own Prisma client reads it. */
export function storedRow({ prisma }: OpenedPrisma, id: string) {
  return prisma.holdfastSession.findUniqueOrThrow({ where: { storageKey: new Uint8Array(storageKey(id)) } });
}
