import { PrismaSessionStore } from '@quixo3/prisma-session-store';
import { PrismaPg } from '@prisma/adapter-pg';
import { Client } from 'pg';
import { GENERATED_CLIENT } from '../prepare.ts';
import type { Servers } from '../servers.ts';
import { poolOptions } from './pool.ts';
import { peerStore, type PeerStore } from './store.ts';

/** The table that `prisma migrate` makes of the model in schema.prisma. */
const TABLE = `
  CREATE TABLE "Session" (
    "id" TEXT NOT NULL,
    "sid" TEXT NOT NULL,
    "data" TEXT NOT NULL,
    "expiresAt" TIMESTAMP(3) NOT NULL,
    CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
  );
  CREATE UNIQUE INDEX "Session_sid_key" ON "Session"("sid")`;

interface GeneratedClient {
  readonly PrismaClient: new (options: { adapter: PrismaPg }) => { $disconnect(): Promise<void> };
}

export async function openPrismaSessionStore({ postgres }: Pick<Servers, 'postgres'>, url: string): Promise<PeerStore> {
  const options = poolOptions(url, postgres.ca);
  const client = new Client(options);
  await client.connect();
  await client.query(TABLE);
  await client.end();
  const { PrismaClient } = (await import(GENERATED_CLIENT.href)) as GeneratedClient;
  const prisma = new PrismaClient({ adapter: new PrismaPg(options) });
  const store = new PrismaSessionStore(prisma, { dbRecordIdIsSessionId: true, loggerLevel: 'error' });
  return peerStore('prisma-session-store', store, () => prisma.$disconnect());
}
