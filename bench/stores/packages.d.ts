// The parts of the peers' packages that are used before the first `npm run bench` installs them, so that the repository
// type-checks.

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
