// Lives the life of a session in memory: what the package needs of a runtime, but for Redis and a database.
import assert from 'node:assert/strict';
import { generateKeyRing, isHoldfastError, KeyRing, SessionClient, SessionNotFoundError } from 'holdfast';
import { memoryDurableTier, memoryPrimaryTier } from 'holdfast/memory';

const passphrase = 'a passphrase of a test, not of a service';
const sealed = await (await generateKeyRing()).seal({ passphrase });
const keys = await KeyRing.unseal(sealed, { passphrase });
const sessions = new SessionClient({ keys, primary: memoryPrimaryTier(), durable: memoryDurableTier() });

const { id } = await sessions.create({ cart: ['tea'] }, { userId: 'u_42' });
await sessions.update(id, (draft) => void draft.cart.push('jam'));
assert.deepEqual((await sessions.get(id)).data, { cart: ['tea', 'jam'] });
assert.equal((await sessions.listByUser('u_42')).length, 1);
const next = await sessions.regenerate(id);
assert.equal(await sessions.get(id), null);
await sessions.destroy(next.id);
const error = await sessions.update(next.id, () => ({ cart: [] })).catch((reason) => reason);
assert(error instanceof SessionNotFoundError && isHoldfastError(error));
assert.equal(error.name, 'SessionNotFoundError');
await sessions.close();
console.log('ok');
