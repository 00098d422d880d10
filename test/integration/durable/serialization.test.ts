import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toTierFailure } from '../../../src/tiers/prisma/failure.ts';
import { type PrismaClientLike } from '../../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../../src/tiers/durable.ts';
import type { SealedRecord } from '../../../src/session/sealed-record.ts';
import { change, insert, move, openTier, revocation, revokeAll, touchOf } from '../../support/durable-commands.ts';
import { inMariadbTransaction } from '../../support/mariadb-locks.ts';
import { inTransaction } from '../../support/row-locks.ts';
import { asPostgresAdmin } from '../../support/servers/postgres.ts';
import type { DatabaseName } from '../../../src/tiers/sql/tag.ts';
import { freshDatabase, sharedMariadb, sharedPostgres } from '../../support/shared.ts';

const HOLD = 'SELECT 1 FROM holdfast_session WHERE storage_key = ? FOR UPDATE';
const TOUCH = 'UPDATE holdfast_session SET last_seen_at = last_seen_at + 1 WHERE storage_key = ';
/** As many as share one statement. */
const TOGETHER = 12;

type Command = (tier: DurableTier, record: SealedRecord) => Promise<unknown>;

const COMMANDS: readonly [string, Command][] = [
  ['update', (tier, record) => tier.sessions.update(change(record))],
  ['touch', (tier, record) => tier.sessions.touch(touchOf(record))],
  ['regenerate', (tier, record) => tier.sessions.regenerate(move(record))],
  ['revoke', (tier, record) => tier.sessions.revoke(revocation(record))],
];

describe.each(['repeatable read', 'serializable'])('on a PostgreSQL whose transactions are %s', (isolation) => {
  it('a write that meets another one is sent again, and succeeds', async () => {
    await using database = await freshDatabase('postgresql');
    const name = new URL(database.url).pathname.slice(1);
    await asPostgresAdmin(
      sharedPostgres(),
      `ALTER DATABASE "${name}" SET default_transaction_isolation = '${isolation}'`,
    );
    await using client = await database.open();
    const { refusals, recording } = record(client.prisma, 'postgresql');
    const tier = await openTier(recording, 'postgresql');
    for (const [what, command] of COMMANDS) {
      const session = await insert(tier);
      await using rival = await inTransaction(database, `${TOUCH}$1`, [session.storageKey]);
      const answer = command(tier, session);
      await rival.untilSomebodyWaits();
      await rival.release();
      expect([what, Boolean(await answer)]).toEqual([what, true]);
      expect(refusals.splice(0)).toContain('serialization');
    }
  });

  it('writes that share a statement are sent again together, and none is lost', async () => {
    await using database = await freshDatabase('postgresql');
    const name = new URL(database.url).pathname.slice(1);
    await asPostgresAdmin(
      sharedPostgres(),
      `ALTER DATABASE "${name}" SET default_transaction_isolation = '${isolation}'`,
    );
    await using client = await database.open();
    const { refusals, recording } = record(client.prisma, 'postgresql');
    const tier = await openTier(recording, 'postgresql');
    const sessions = await Promise.all(Array.from({ length: TOGETHER }, () => insert(tier)));
    await using rival = await inTransaction(database, `${TOUCH}$1`, [sessions.at(-1)!.storageKey]);
    const answers = Promise.all(sessions.map((session) => tier.sessions.update(change(session))));
    await rival.untilSomebodyWaits();
    await rival.release();
    expect(await answers).toEqual(sessions.map(() => true));
    expect(refusals).toContain('serialization');
  });
});

describe('on MySQL or MariaDB', () => {
  it('writes that wait for a row which another transaction changes are not even refused', async () => {
    await using database = await freshDatabase('mysql');
    const { refusals, recording } = record(database.prisma, 'mysql');
    const tier = await openTier(recording, 'mysql');
    const commands: [string, number, Command][] = [
      ...COMMANDS.map(([what, command]): [string, number, Command] => [what, 1, command]),
      ['updates', TOGETHER, (own, session) => own.sessions.update(change(session))],
      ['touches', TOGETHER, (own, session) => own.sessions.touch(touchOf(session))],
      ['revokeMany', 1, (own, session) => own.sessions.revokeMany(revokeAll([session.userKey!]))],
    ];
    for (const [what, count, command] of commands) {
      const sessions = await Promise.all(Array.from({ length: count }, () => insert(tier)));
      const last = sessions.toSorted((a, b) => a.storageKey.compare(b.storageKey)).at(-1)!;
      await using rival = await inMariadbTransaction(database, await sharedMariadb(), `${TOUCH}?`, [last.storageKey]);
      const answers = Promise.all(sessions.map((session) => command(tier, session)));
      await rival.untilSomebodyWaits();
      await rival.release();
      expect([what, ...(await answers).map(Boolean)]).toEqual([what, ...sessions.map(() => true)]);
      expect([what, ...refusals]).toEqual([what]);
    }
  });

  it('a mass revocation that loses a deadlock is sent again, and misses no session', async () => {
    await using database = await freshDatabase('mysql');
    const { refusals, recording } = record(database.prisma, 'mysql');
    const tier = await openTier(recording, 'mysql');
    const userKey = randomBytes(32);
    const all = await Promise.all([1, 2].map(() => insert(tier, { userKey })));
    const [first, last] = all.toSorted((a, b) => a.storageKey.compare(b.storageKey)) as [SealedRecord, SealedRecord];
    const others = await Promise.all(Array.from({ length: 40 }, () => insert(tier)));
    await using rival = await inMariadbTransaction(database, await sharedMariadb(), HOLD, [last.storageKey]);
    // The server gives up the transaction that has changed less.
    for (const { storageKey } of others) await rival.also(`${TOUCH}?`, [storageKey]);
    const answer = tier.sessions.revokeMany(revokeAll([userKey]));
    await rival.untilSomebodyWaits();
    await rival.also(HOLD, [first.storageKey]);
    await rival.release();
    expect(await answer).toHaveLength(2);
    expect(refusals).toContain('deadlock');
  });
});

/** The client, and why its statements were refused. */
function record(prisma: PrismaClientLike, provider: DatabaseName) {
  const refusals: string[] = [];
  const noting = (error: unknown): never => {
    refusals.push(toTierFailure(error, provider).reason);
    throw error;
  };
  const recording: PrismaClientLike = {
    $queryRawUnsafe: (text, ...values) => prisma.$queryRawUnsafe(text, ...values).then(undefined, noting),
    $executeRawUnsafe: (text, ...values) => prisma.$executeRawUnsafe(text, ...values).then(undefined, noting),
  };
  return { refusals, recording };
}
