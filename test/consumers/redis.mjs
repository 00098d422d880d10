// Keeps a session in a Redis, over TLS. The file that is given has its URL and its certificate authority.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { generateKeyRing, SessionClient } from 'holdfast';
import { memoryDurableTier } from 'holdfast/memory';
import { redisTier } from 'holdfast/redis';

const { url, ca } = JSON.parse(await readFile(process.argv[2], 'utf8'));
const primary = redisTier({ url, tls: { ca } });
const sessions = new SessionClient({ keys: await generateKeyRing(), primary, durable: memoryDurableTier() });
await sessions.ready({ timeout: '10s' });
const { id } = await sessions.create({ cart: ['tea'] });
await sessions.update(id, (draft) => void draft.cart.push('jam'));
assert.deepEqual((await sessions.get(id)).data, { cart: ['tea', 'jam'] });
// On a busy machine the tier may be away for a moment, and the database serves.
while ((await sessions.get(id)).servedBy !== 'primary') await new Promise((resolve) => setTimeout(resolve, 50));
assert.equal((await sessions.health()).primary.state, 'up');
await sessions.close();
console.log('ok');
