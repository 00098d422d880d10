import { expect, it } from 'vitest';
import { demo } from '../../../examples/kms/demo.ts';
import { kmsWrapper } from '../../../examples/kms/kms-wrapper.ts';
import { LocalKms } from '../../../examples/kms/local-kms.ts';
import { generateKeyRing, KeyRing } from '../../../src/index.ts';

const KEY = 'arn:aws:kms:local:000000000000:key/1';

it('the example opens its ring through the KMS, rotates through it, and moves to the next key', async () => {
  expect(await demo()).toEqual([
    'sealed for the KMS and for the safe; the service opens version 1',
    'a key added through the KMS alone: version 2',
    'the passphrase from the safe opens version 2 too',
    'sealed for the next key of the KMS: version 2, sessions untouched',
    'The key ring is not sealed for this wrapper: open it as it was sealed.',
    expect.stringMatching(/key\/2031 could not unwrap the key \(AccessDeniedException\)\.$/),
    ...['Encrypt', 'Decrypt', 'Decrypt', 'Decrypt'].map(
      (action) => `KMS: ${action} arn:aws:kms:local:000000000000:key/2030 {"purpose":"holdfast-key-ring"}`,
    ),
    ...['Encrypt', 'Decrypt'].map(
      (action) => `KMS: ${action} arn:aws:kms:local:000000000000:key/2031 {"purpose":"holdfast-key-ring"}`,
    ),
  ]);
});

it('the KMS of the example unwraps for no other purpose', async () => {
  await using kms = await LocalKms.start(KEY);
  const wrapper = kmsWrapper({ url: kms.url, token: kms.token, keyId: KEY });
  const wrapped = await wrapper.wrap(new Uint8Array(32), { purpose: 'something else' });
  await expect(wrapper.unwrap(wrapped, { purpose: 'holdfast-key-ring' })).rejects.toThrow('KMS refused');
  const sealed = await (await generateKeyRing()).seal({ wrapper });
  expect((await KeyRing.unseal(sealed, { wrapper })).version).toBe(1);
});

it('an unavailable KMS is reported by one word', async () => {
  const kms = await LocalKms.start(KEY);
  const wrapper = kmsWrapper({ url: kms.url, token: kms.token, keyId: KEY });
  await kms[Symbol.asyncDispose]();
  const ring = await generateKeyRing();
  await expect(ring.seal({ wrapper })).rejects.toThrow(`The key wrapper ${KEY} could not wrap the key (ECONNREFUSED).`);
});
