// Keeps a session in the Redis whose URL is given, over TLS; the file of its certificate authority is the second argument.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { generateKeyRing, SessionClient } from 'holdfast';
import { memoryDurableTier } from 'holdfast/memory';
import { redisTier } from 'holdfast/redis';

const [url, ca] = process.argv.slice(2);
const primary = redisTier({ url, tls: { ca: await readFile(ca, 'utf8') } });
const sessions = new SessionClient({ keys: await generateKeyRing(), primary, durable: memoryDurableTier() });
await sessions.ready({ timeout: '10s' });
const { id } = await sessions.create({ cart: ['tea'] });
await sessions.update(id, (draft) => void draft.cart.push('jam'));
assert.deepEqual((await sessions.get(id)).data, { cart: ['tea', 'jam'] });
assert.equal((await sessions.health()).primary.state, 'up');
await sessions.close();
console.log('ok');
