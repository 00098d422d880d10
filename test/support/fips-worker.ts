import assert from 'node:assert/strict';
import { createHash, getFips, randomBytes } from 'node:crypto';
import { generateKeyRing, KeyRing, SessionClient } from '../../src/index.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../src/tiers/memory/index.ts';
import { SessionCookie } from '../../src/http/cookie/session-cookie.ts';

/** Uses all cryptography of the library, in the suite of its argument, and prints whether the mode of FIPS is on. */
assert.throws(() => createHash('md5'), 'MD5 is refused in this mode');
const suite = process.argv[2] === 'A256GCM' ? 'A256GCM' : 'XAES-256-GCM';
const openers = [{ passphrase: 'a passphrase of a test, not of a service' }, { kek: randomBytes(32) }] as const;
const made = await generateKeyRing({ suite });
const sealed = await made.seal(openers);
const rings = await Promise.all(openers.map((opener) => KeyRing.unseal(sealed, opener)));
assert.deepEqual(
  rings.map(({ version }) => version),
  [1, 1],
);
const one = await KeyRing.unseal(await made.seal(openers[1]), openers[1]);
const primary = memoryPrimaryTier();
const durable = memoryDurableTier();
const writer = new SessionClient({ keys: one, primary, durable, memo: false });
const { id } = await writer.create({ cart: ['tea'] }, { userId: 'u_42' });
await writer.update(id, () => ({ cart: ['tea', 'jam'] }));
assert.deepEqual((await writer.get(id))?.data, { cart: ['tea', 'jam'] });
assert.equal((await writer.listByUser('u_42')).length, 1);
const keys = await writer['~http'].cookieKeys();
const cookie = new SessionCookie({ name: 'sid', secure: true, sameSite: 'lax', partitioned: false, persist: false });
assert.equal(cookie.read(`sid=${cookie.set(id, keys, 0).value}`, keys), id);
await writer.close();
console.log(`fips ${getFips()}`);
