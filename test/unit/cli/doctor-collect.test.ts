import { expect, it } from 'vitest';
import { Settings } from '../../../src/cli/config/settings.ts';
import { findingsIn } from '../../../src/cli/doctor/check.ts';
import { collect } from '../../../src/cli/doctor/collect.ts';
import { TierFailure } from '../../../src/errors.ts';
import { memoryDurableTier } from '../../../src/tiers/memory/index.ts';
import { interceptDurable } from '../../support/intercepted-tiers.ts';
import { memoryClient } from '../../support/memory-client.ts';

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
