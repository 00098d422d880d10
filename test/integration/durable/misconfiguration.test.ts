import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  generateKeyRing,
  type KeyRing,
  SessionClient,
  TierUnavailableError,
} from '../../../src/index.ts';
import { memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';
import { type PrismaClientLike, type PrismaProvider, prismaTier } from '../../../src/tiers/prisma/index.ts';
import { DATABASE_NAMES } from '../../../src/tiers/sql/tag.ts';
import { createAuthority } from '../../support/servers/certificates.ts';
import { openPrisma, type OpenOptions } from '../../support/servers/databases.ts';
import { freshDatabase, type FreshDatabase } from '../../support/shared.ts';

const NAMES = { mysql: 'MySQL or MariaDB', postgresql: 'PostgreSQL', sqlite: 'SQLite' };

let keys: KeyRing;
let databases: Record<PrismaProvider, FreshDatabase>;

beforeAll(async () => {
  keys = await generateKeyRing();
  const [mysql, postgresql, sqlite] = await Promise.all(DATABASE_NAMES.map((provider) => freshDatabase(provider)));
  databases = { mysql: mysql!, postgresql: postgresql!, sqlite: sqlite! };
});

afterAll(() => Promise.all(Object.values(databases ?? {}).map((database) => database.close())));

/** Returns the error with which `ready()` of an application rejects. */
async function readiness(client: PrismaClientLike, provider: PrismaProvider, table?: string): Promise<unknown> {
  await using sessions = new SessionClient({
    keys,
    primary: memoryPrimaryTier(),
    durable: prismaTier(client, table === undefined ? { provider } : { provider, table }),
    // MariaDB's driver says what is wrong only when its wait for a connection is over, and its adapter waits twice.
    durableTimeout: '4s',
  });
  try {
    await sessions.ready({ timeout: '5s' });
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Does what `readiness` does, over another way to the server. */
async function readinessAt(provider: PrismaProvider, change: (url: URL) => void, options: OpenOptions = {}) {
  const { url: original, ca } = databases[provider];
  const url = new URL(original);
  change(url);
  await using client = await openPrisma(provider, url.href, { ...(ca === undefined ? {} : { ca }), ...options });
  return await readiness(client.prisma, provider);
}

function expectAdvice(error: unknown, ...texts: string[]): void {
  expect(error).toBeInstanceOf(ConfigurationError);
  for (const text of [...texts, 'See docs/operating/database.md.']) expect(String(error)).toContain(text);
}

describe('ready() names the option, the cause and the cure', () => {
  const pairs = DATABASE_NAMES.flatMap((actual) =>
    DATABASE_NAMES.filter((declared) => declared !== actual).map((declared) => [actual, declared] as const),
  );
  it.each(pairs)('of a client for %s that was declared %s', async (actual, declared) => {
    const error = await readiness(databases[actual].prisma, declared);
    expectAdvice(
      error,
      `the client is one for ${NAMES[actual]}`,
      `\`provider\` says '${declared}'`,
      '(wrong-provider)',
    );
  });

  it.each(DATABASE_NAMES)('of tables that are not there, on %s', async (provider) => {
    const error = await readiness(databases[provider].prisma, provider, 'not_there');
    expectAdvice(error, `\`npx holdfast schema ${provider} --sql\``, '(table-missing:not_there)');
  });

  it.each(['mysql', 'postgresql'] as const)('of a wrong password, on %s', async (provider) => {
    const error = await readinessAt(provider, (url) => (url.password = 'not-the-password'));
    expectAdvice(error, 'the server refuses user or password', '(wrong-password)');
    expect(String(error)).not.toContain('not-the-password');
  });

  it('of a certificate without a trusted issuer, or of a path in place of it', async () => {
    const foreign = (await (await createAuthority()).issue()).ca;
    for (const ca of [foreign, '/etc/shop/database-ca.pem']) {
      const error = await readinessAt('postgresql', () => {}, { ca });
      expectAdvice(error, 'does not verify', '`readFileSync(path)` and not the path', '(certificate)');
    }
  });

  it('of a file that cannot be opened', async () => {
    await using client = await openPrisma('sqlite', 'file:/nowhere/at/all.db');
    expectAdvice(await readiness(client.prisma, 'sqlite'), 'the SQLite file cannot be opened', '(cannot-open)');
  });
});

describe('ready() of a client that reaches no server', () => {
  it.each([
    ['postgresql', 1, 'unreachable'],
    ['mysql', 1, 'unreachable'],
  ] as const)('says so, on %s', async (provider, port, reason) => {
    const error = await readinessAt(provider, (url) => (url.port = String(port)));
    expect(error).toBeInstanceOf(TierUnavailableError);
    expect(error).toMatchObject({ tier: 'durable', reason });
  });
});
