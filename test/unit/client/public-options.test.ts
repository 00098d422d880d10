import { beforeAll, describe, expect, it } from 'vitest';
import * as holdfast from '../../../src/index.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { redisTier } from '../../../src/tiers/redis/index.ts';
import { memoryClient } from '../../support/memory-client.ts';

let sessions: holdfast.SessionClient;
let ring: holdfast.KeyRing;
let id: string;

beforeAll(async () => {
  ({ sessions } = await memoryClient());
  ring = await holdfast.generateKeyRing();
  ({ id } = await sessions.create({ cart: [] }));
});

const url = 'rediss://localhost:6380';
const prisma = { $queryRawUnsafe: async () => [], $executeRawUnsafe: async () => 0, $transaction: async () => [] };
const passphrase = 'correct horse battery staple';

/** Every public function that takes options, called with these and what else it needs. */
const calls: Record<string, (options: never) => unknown> = {
  'new SessionClient': (options: object) => memoryClient(options),
  'sessions.ready': (options: object) => sessions.ready(options),
  'sessions.create': (options: object) => sessions.create({}, options),
  'sessions.get': (options: object) => sessions.get(id, options),
  'sessions.update': (options: object) => sessions.update(id, () => undefined, options),
  'sessions.replace': (options: object) => sessions.replace(id, {}, { revision: 1, ...options }),
  'sessions.regenerate': (options: object) => sessions.regenerate(id, options),
  'sessions.destroyByUser': (options: object) => sessions.destroyByUser('u_42', options),
  redisTier: (options: object) => redisTier({ url, password: 'x', ...options }),
  'redisTier tls': (options: object) => redisTier({ url, password: 'x', tls: options }),
  prismaTier: (options: object) => prismaTier(prisma, { provider: 'sqlite', ...options }),
  'lifetime of a client': (options: object) => memoryClient({ lifetime: options }),
  'lifetime of a session': (options: object) => sessions.create({}, { lifetime: options }),
  'lifetime of a write': (options: object) => sessions.update(id, () => undefined, { lifetime: options }),
  memo: (options: object) => memoryClient({ memo: { bytes: 100_000, ...options } }),
  sweep: (options: object) => memoryClient({ sweep: options }),
  generateKeyRing: (options: object) => holdfast.generateKeyRing(options),
  addKey: (options: object) => holdfast.addKey(ring, options),
  revokeKey: (options: object) => holdfast.revokeKey(ring, { kid: 'x', ...options }),
  replaceKey: (options: object) => holdfast.replaceKey(ring, { kid: 'x', ...options }),
  removeKey: (options: object) => holdfast.removeKey(ring, { kid: 'x', ...options }),
  keyRingFile: (options: object) => holdfast.keyRingFile('keys.json', { passphrase }, options),
  keySource: (options: object) => holdfast.keySource(() => ring, options),
  changeKeyRingFile: (options: object) => holdfast.changeKeyRingFile('keys.json', { passphrase }, (r) => r, options),
  'an opener': (options: object) => ring.seal({ passphrase, ...options }),
  promoteKey: (options: object) => holdfast.promoteKey(ring, { sessions, ...options }),
  retireKey: (options: object) => holdfast.retireKey(ring, { sessions, kid: 'x', ...options }),
  waitForNodes: (options: object) => holdfast.waitForNodes(ring, { sessions, ...options }),
  keyCensus: (options: object) => holdfast.keyCensus(sessions, options),
  reencryptSessions: (options: object) => holdfast.reencryptSessions(sessions, options),
  reindexSessions: (options: object) => holdfast.reindexSessions(sessions, options),
  sweepSessions: (options: object) => holdfast.sweepSessions(sessions, options),
};

describe('a public function that takes options', () => {
  it.each(Object.entries(calls))(
    'refuses a name that %s does not know, and says which it knows',
    async (_name, call) => {
      const refused = async (): Promise<unknown> => call({ mistake: true } as never);
      await expect(refused()).rejects.toThrow(/unknown option 'mistake'; expected [a-z]/i);
      await expect(refused()).rejects.toBeInstanceOf(holdfast.HoldfastError);
    },
  );

  it.each([
    ['except', () => sessions.destroyByUser('u_42')],
    ['force', () => holdfast.promoteKey(ring, {} as never)],
    ['revision', () => sessions.replace(id, {})],
    ['id', () => sessions.create({}).then(({ id: created }) => expect(created).not.toBe(id))],
    ['consistency', () => sessions.get(id, {})],
    ['lifetime', () => memoryClient()],
    ['allowInsecure', () => redisTier({ url: 'redis://localhost', password: 'x' })],
  ])('takes no %s from a polluted prototype', async (name, call) => {
    const outcome = async (): Promise<unknown> => {
      try {
        await call();
        return 'fine';
      } catch (error) {
        return (error as Error).message;
      }
    };
    const before = await outcome();
    Object.defineProperty(Object.prototype, name, { value: id, configurable: true, writable: true, enumerable: false });
    try {
      expect(await outcome()).toBe(before);
    } finally {
      delete (Object.prototype as Record<string, unknown>)[name];
    }
  });
});
