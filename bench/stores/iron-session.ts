import { randomBytes } from 'node:crypto';
import { sealData, unsealData } from 'iron-session';
import type { SessionData } from '../session-data.ts';
import { IDLE_MS, type Store } from './store.ts';

/** The session in a cookie: no server keeps anything, so its "id" is the whole sealed session. */
export function openIronSession(): Store {
  const options = { password: randomBytes(32).toString('base64url'), ttl: IDLE_MS / 1_000 };
  const unseal = (seal: string): Promise<SessionData> => unsealData<SessionData>(seal, options);
  return {
    name: 'iron-session',
    create: (data) => sealData(data, options),
    read: unseal,
    async update(seal) {
      const data = await unseal(seal);
      data.visits += 1;
      await sealData(data, options);
    },
    // The browser is asked to drop the cookie. A copy of it stays logged in.
    destroy: async () => {},
    close: async () => {},
  };
}
