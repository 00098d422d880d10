// What is used of the peers' packages. They live in bench/package.json and are not there until the first `npm run bench`;
// with this the repository type-checks without them.

declare module 'express-session' {
  const session: { readonly Store: new () => object };
  export default session;
}

declare module 'connect-redis' {
  import type { ExpressStore } from './store.ts';
  export const RedisStore: new (options: { client: object; prefix: string }) => ExpressStore;
}

declare module 'redis' {
  export interface RedisClientOptions {
    username: string;
    password: string;
    socket: { host: string; port: number; tls: true; ca: string };
    commandOptions?: { timeout: number };
  }
  export interface RedisClient {
    connect(): Promise<unknown>;
    on(event: 'error', listener: (error: unknown) => void): unknown;
    destroy(): void;
  }
  export function createClient(options: RedisClientOptions): RedisClient;
}

declare module 'connect-pg-simple' {
  import type { Pool } from 'pg';
  import type { ExpressStore } from './store.ts';
  export interface PgStoreOptions {
    pool: Pool;
    createTableIfMissing: boolean;
    pruneSessionInterval: false;
  }
  export type PgStore = new (options: PgStoreOptions) => ExpressStore;
  export default function connectPgSimple(session: object): PgStore;
}

declare module '@quixo3/prisma-session-store' {
  import type { ExpressStore } from './store.ts';
  export interface PrismaSessionStoreOptions {
    dbRecordIdIsSessionId: boolean;
    loggerLevel: 'error';
  }
  export const PrismaSessionStore: new (prisma: object, options: PrismaSessionStoreOptions) => ExpressStore;
}

declare module 'iron-session' {
  export interface SealOptions {
    password: string;
    ttl: number;
  }
  export function sealData(data: unknown, options: SealOptions): Promise<string>;
  export function unsealData<T>(seal: string, options: SealOptions): Promise<T>;
}
