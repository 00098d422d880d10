import { Settings } from '../../../src/cli/config/settings.ts';
import { findingsIn } from '../../../src/cli/doctor/check.ts';
import { collect } from '../../../src/cli/doctor/collect.ts';
import { generateKeyRing, SessionClient } from '../../../src/index.ts';
import { memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import type { PrismaClientLike } from '../../../src/tiers/prisma/prisma-client.ts';
import type { DatabaseProvider } from '../servers/databases.ts';

const ring = generateKeyRing();

/** Returns the codes of what the doctor finds in a database, without a Redis. */
export async function codesIn(
  provider: DatabaseProvider,
  { prisma }: { readonly prisma: PrismaClientLike },
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const client = new SessionClient({
    keys: await ring,
    primary: memoryPrimaryTier(),
    durable: prismaTier(prisma, { provider }),
    namespace: 'shop',
  });
  const settings = new Settings({ text: () => undefined }, env);
  const facts = await collect({ client, settings, env: {}, keyAgeMsMax: 86_400_000 });
  await client.close();
  return findingsIn(facts).map(({ code }) => code);
}
