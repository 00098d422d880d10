import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addKey, changeKeyRingFile, generateKeyRing, KeyRing, rewrapKeyRingFile } from 'holdfast';
import { kmsWrapper } from './kms-wrapper.ts';
import { LocalKms } from './local-kms.ts';

/* A key ring that the service opens through a KMS, and a passphrase in a safe for the day without one. `node examples/kms/demo.ts` */

const OLD_KEY = 'arn:aws:kms:local:000000000000:key/2030';
const NEW_KEY = 'arn:aws:kms:local:000000000000:key/2031';

/** The events of the demo, line by line. */
export async function demo(): Promise<string[]> {
  const lines: string[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-kms-'));
  await using kms = await LocalKms.start(OLD_KEY, NEW_KEY);
  try {
    const path = join(folder, 'keys.json');
    const safe = { passphrase: randomBytes(24).toString('base64url') };
    const old = { wrapper: kmsWrapper({ url: kms.url, token: kms.token, keyId: OLD_KEY }) };
    const next = { wrapper: kmsWrapper({ url: kms.url, token: kms.token, keyId: NEW_KEY }) };

    await (await generateKeyRing()).save(path, [old, safe]);
    lines.push(
      `sealed for the KMS and for the safe; the service opens version ${(await KeyRing.open(path, old)).version}`,
    );

    const added = await changeKeyRingFile(path, old, (ring) => addKey(ring));
    lines.push(`a key added through the KMS alone: version ${added.version}`);
    lines.push(`the passphrase from the safe opens version ${(await KeyRing.open(path, safe)).version} too`);

    await rewrapKeyRingFile(path, old, [next, safe]);
    lines.push(
      `sealed for the next key of the KMS: version ${(await KeyRing.open(path, next)).version}, sessions untouched`,
    );
    lines.push(
      await KeyRing.open(path, old).then(
        () => 'the old key opens it',
        (error: Error) => error.message,
      ),
    );

    const stranger = { wrapper: kmsWrapper({ url: kms.url, token: 'stolen', keyId: NEW_KEY }) };
    lines.push(
      await KeyRing.open(path, stranger).then(
        () => 'a stranger opens it',
        (error: Error) => error.message,
      ),
    );
    return [...lines, ...kms.trail.map((call) => `KMS: ${call}`)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) for (const line of await demo()) console.log(line);
