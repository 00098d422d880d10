import { describe, expect, it } from 'vitest';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import { memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';
import { inMariadbTransaction } from '../../support/mariadb-locks.ts';
import { realClient, timed, type Timed } from '../../support/real-client.ts';
import { inTransaction } from '../../support/row-locks.ts';
import {
  freshDatabase,
  type FreshDatabase,
  sharedMariadb,
  sharedRedis,
  uniqueNamespace,
} from '../../support/shared.ts';

const SESSIONS = 40;
const CALLERS = 16;
/** A third of `durableTimeout`, as the documents advise, and a little less. */
const STATEMENT_MS = 600;

/** An outcome that is unknown is none of these. */
const DEFINITE = /^HOLDFAST_(TIER_UNAVAILABLE|REVISION_CONFLICT)$/;

const locks = {
  mysql: async (database: FreshDatabase, storageKey: Buffer) =>
    inMariadbTransaction(
      database,
      await sharedMariadb(),
      'UPDATE holdfast_session SET last_seen_at = last_seen_at + 1 WHERE storage_key = ?',
      [storageKey],
    ),
  postgresql: (database: FreshDatabase, storageKey: Buffer) =>
    inTransaction(database, 'SELECT FROM holdfast_session WHERE storage_key = $1 FOR UPDATE', [storageKey]),
};

describe.each(['postgresql', 'mysql'] as const)('one row that another transaction has locked, on %s', (provider) => {
  it('fails the updates of its own session, and no other', { timeout: 120_000 }, async () => {
    await using database = await freshDatabase(provider);
    const { prisma } = await database.open({ statementMs: STATEMENT_MS });
    const sessions = await realClient({
      redis: sharedRedis(),
      database: { provider, prisma },
      primary: memoryPrimaryTier(),
      namespace: uniqueNamespace(),
      durableTimeout: '2s',
    });
    const ids = await Promise.all(
      Array.from({ length: SESSIONS }, async () => (await sessions.create({ cart: [] })).id),
    );
    const [locked] = ids as [string];
    const add = (id: string) => timed(() => sessions.update(id, ({ cart }) => void cart.push('x')));
    const outcomes: { readonly id: string; readonly outcome: Timed<unknown> }[] = [];
    {
      await using _lock = await locks[provider](database, storageKeyOf(locked));
      const callers = Array.from({ length: CALLERS }, async (_, caller) => {
        for (let n = 0; n < SESSIONS / 2; n += 1) {
          const id = ids[(n + 2 * caller) % SESSIONS]!;
          outcomes.push({ id, outcome: await add(id) });
        }
      });
      await Promise.all(callers);
    }
    const failed = outcomes.filter(({ outcome }) => outcome.error !== undefined);
    expect(failed.filter(({ id }) => id !== locked)).toEqual([]);
    expect(failed.length).toBeGreaterThan(0);
    // Nothing changed there, and the failure says so.
    for (const { outcome } of failed) expect(outcome.error).toMatchObject({ code: expect.stringMatching(DEFINITE) });
    expect((await add(locked)).error).toBeUndefined();
    await sessions.close();
  });
});
