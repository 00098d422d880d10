import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Settings } from '../../../src/cli/config/settings.ts';
import { findingsIn } from '../../../src/cli/doctor/check.ts';
import { collect } from '../../../src/cli/doctor/collect.ts';
import { TierFailure } from '../../../src/errors.ts';
import { generateKeyRing } from '../../../src/index.ts';
import { memoryDurableTier } from '../../../src/tiers/memory/index.ts';
import { interceptDurable } from '../../support/intercepted-tiers.ts';
import { memoryClient } from '../../support/memory-client.ts';
import { KEK } from '../../support/ring-fixtures.ts';

/** The clock of these clients is not that of their keys. */
const keyAgeMsMax = Number.MAX_SAFE_INTEGER;

function settingsWith(env: Readonly<Record<string, string>>): Settings {
  return new Settings({ text: () => undefined }, env);
}

it('the doctor reports a database that stops to answer while its rows are read', async () => {
  const { tier, hook } = interceptDurable(memoryDurableTier());
  const { sessions: client } = await memoryClient({ durable: tier });
  hook.before = (method) => {
    if (method === 'upkeep.walk') throw new TierFailure('ambiguous', 'deadline');
  };
  const findings = findingsIn(await collect({ client, settings: settingsWith({}), env: {}, keyAgeMsMax }));
  expect(findings).toMatchObject([
    { code: 'database-unreachable', found: 'nodes and sessions cannot be read (deadline)' },
  ]);
  await client.close();
});

it('the doctor reports a databaseCaFile that cannot be read', async () => {
  const { sessions: client } = await memoryClient();
  const settings = settingsWith({
    HOLDFAST_DATABASE_URL: 'postgresql://shop:only-in-this-test@127.0.0.1:1/shop',
    HOLDFAST_DATABASE_CA_FILE: '/nowhere/ca.pem',
  });
  const findings = findingsIn(await collect({ client, settings, env: {}, keyAgeMsMax }));
  expect(findings).toMatchObject([
    {
      code: 'database-certificate',
      found: 'the certificate of the database does not verify (databaseCaFile: ENOENT)',
    },
  ]);
  await client.close();
});

it('the doctor distinguishes a sealed ring that others may read from keys and passphrases that they may read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-doctor-'));
  const ring = await generateKeyRing();
  const texts = {
    compact: await ring.seal({ kek: KEK }),
    general: await ring.seal([{ kek: KEK }, { passphrase: 'a long one, only in this test' }]),
    plain: JSON.stringify(ring.toJwks()),
    neither: 'words',
  };
  const factsOf = async (name: string): Promise<string[]> => {
    const path = join(folder, name);
    const { sessions: client } = await memoryClient();
    const settings = settingsWith({ HOLDFAST_RING: path, HOLDFAST_PASSPHRASE_FILE: join(folder, 'neither') });
    const { files, keys } = await collect({ client, settings, env: {}, keyAgeMsMax });
    await client.close();
    return [...files.map(({ what, isSealed }) => `${what}: ${isSealed}`), `plain: ${keys.isPlain}`];
  };
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o644);
  }
  const facts = Object.fromEntries(
    await Promise.all(Object.keys(texts).map(async (name) => [name, await factsOf(name)] as const)),
  );
  const passphrase = 'the file of the passphrase: false';
  expect(facts).toEqual({
    compact: ['the key ring: true', passphrase, 'plain: false'],
    general: ['the key ring: true', passphrase, 'plain: false'],
    plain: ['the key ring: false', passphrase, 'plain: true'],
    neither: ['the key ring: false', passphrase, 'plain: false'],
  });
  await rm(folder, { recursive: true });
});
