import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemPlatform } from '../../../../src/platform/platform.ts';
import { prismaTier } from '../../../../src/tiers/prisma/index.ts';
import type { DurableTier } from '../../../../src/tiers/durable.ts';
import { until } from '../../../support/servers/until.ts';
import { freshDatabase, type FreshDatabase } from '../../../support/shared.ts';
import {
  NOW,
  tierOf,
  open,
  expectFailure,
  planOf,
  many,
  insert,
  aRecord,
  successor,
  write,
  moveOn,
  touchOf,
  revocation,
  insertion,
  move,
  revokeAll,
} from '../../../support/prisma-tier.ts';

/** A process that keeps the writer's lock of an SQLite file for a moment. */
const HOLD_LOCK = `
  const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync(process.argv[1]);
  database.exec('BEGIN IMMEDIATE');
  process.stdout.write('locked');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  database.exec('COMMIT');
`;

describe('two connections to one SQLite file', () => {
  let database: FreshDatabase;
  let tier: DurableTier;

  beforeAll(async () => {
    database = await freshDatabase('sqlite');
    tier = tierOf(database);
    await open(tier);
  });

  afterAll(() => database.close());

  /** The same library on both sides: two copies of SQLite in one process do not see each other's locks. */
  const whileLocked = async (work: () => Promise<void>): Promise<void> => {
    await using other = await database.open();
    await other.prisma.$transaction(async (transaction) => {
      await transaction.$executeRawUnsafe('UPDATE holdfast_session SET revision = revision');
      await work();
    });
  };

  it('wait for each other without stopping the event loop', async () => {
    const record = await insert(tier);
    let update: Promise<boolean> | undefined;
    let settled = false;
    await whileLocked(async () => {
      update = tier.sessions.update(write(successor(record))).finally(() => (settled = true));
      for (let turns = 0; turns < 200; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(settled).toBe(false);
    });
    expect(await update).toBe(true);
    await using other = await database.open();
    const rows = await other.prisma.holdfastSession.findMany({
      where: { storageKey: new Uint8Array(record.storageKey) },
    });
    expect(rows).toMatchObject([{ revision: 2n }]);
  });

  it('keep what is acknowledged after one of them met the lock', async () => {
    // libsql leaves a statement that met a lock unfinished; later writes on that connection are acknowledged and lost.
    await whileLocked(() => expectFailure(() => tier.sessions.insert(insertion(aRecord())), 'rejected', 'busy'));
    const record = await insert(tier);
    await using other = await database.open();
    const witness = prismaTier(other.prisma, { provider: 'sqlite' });
    await open(witness);
    expect(await witness.sessions.read(record.storageKey)).toEqual(record);
    expect(await witness.sessions.update(write(successor(record)))).toBe(true);
    expect(await tier.sessions.readState(record.storageKey)).toMatchObject({ revision: 2 });
  });

  it('give up with "nothing changed" when the other never lets go', async () => {
    const record = await insert(tier);
    await whileLocked(() => expectFailure(() => tier.sessions.update(write(successor(record))), 'rejected', 'busy'));
    expect(await tier.sessions.read(record.storageKey)).toEqual(record);
  });

  it('look at a write’s deadline when it gets the lock', async () => {
    const record = await insert(tier);
    const { storageKey } = await insert(tier);
    const rival = aRecord();
    const answers: Promise<unknown>[] = [];
    await whileLocked(async () => {
      const validUntil = (await tier.probe()) + 20;
      answers.push(
        tier.sessions.update({ ...write(successor(record)), validUntil, dirty: true }),
        tier.sessions.regenerate({ ...moveOn(record), validUntil, dirty: true }),
        tier.sessions.insert({ ...insertion(rival), validUntil }).then((answer) => answer !== 'late'),
        tier.sessions.revoke({ ...revocation(record), validUntil }).then((row) => row !== null),
        tier.sessions
          .revokeMany({ ...revokeAll([record.userKey!]), validUntil })
          .then((rows) => rows !== 'late' && rows.length > 0),
        // In time, if only just: so the others did not fail for another reason.
        tier.feed.markDirty(storageKey).then(() => false),
      );
      await until(async () => systemPlatform.now() > validUntil);
    });
    expect(await Promise.all(answers)).toEqual(answers.map(() => false));
    expect(await tier.sessions.read(record.storageKey)).toEqual(record);
    expect(await tier.sessions.read(rival.storageKey)).toBeNull();
    expect((await tier.feed.read(0, 10)).rows).toMatchObject([{ storageKey }]);
  });

  it('read the clock after the wait for the lock, also where the driver is the one who waits', async () => {
    await using patient = await database.open();
    const waiting = prismaTier(patient.prisma, { provider: 'sqlite' });
    await open(waiting);
    await patient.prisma.$queryRawUnsafe('PRAGMA busy_timeout = 5000');
    const record = await insert(waiting);
    // Another process, since the driver's wait stops this one.
    const holder = spawn(process.execPath, ['-e', HOLD_LOCK, fileURLToPath(database.url)]);
    await once(holder.stdout, 'data');
    const answer = waiting.sessions.update({ ...write(successor(record)), validUntil: (await waiting.probe()) + 50 });
    expect(await answer).toBe(false);
    expect(await waiting.sessions.read(record.storageKey)).toEqual(record);
    if (holder.exitCode === null) await once(holder, 'exit');
    expect(holder.exitCode).toBe(0);
  });

  it.each<[string, string, (tier: DurableTier) => Promise<unknown>]>([
    ['readFeed', 'holdfast_session_dirty_at_idx', (planned) => planned.feed.read(NOW, 100)],
    ['clearFeed', 'holdfast_session_dirty_at_idx', (planned) => planned.feed.clear(NOW, 100)],
    ['clearFeed', 'holdfast_session_rotated_at_idx', (planned) => planned.feed.clear(NOW, 100)],
    ['update', 'sqlite_autoindex', (planned) => planned.sessions.update(write(aRecord()))],
    [
      'many updates',
      'sqlite_autoindex',
      (planned) => Promise.all(many(() => planned.sessions.update(write(aRecord())))),
    ],
    [
      'many touches',
      'sqlite_autoindex',
      (planned) => Promise.all(many(() => planned.sessions.touch(touchOf(aRecord())))),
    ],
    ['regenerate', 'sqlite_autoindex', (planned) => planned.sessions.regenerate(move(aRecord(), aRecord()))],
  ])('answer %s from an index: %s', async (_method, index, call) => {
    const plan = await planOf(database, 'EXPLAIN QUERY PLAN', call);
    expect(plan).toContain(index);
    expect(plan).not.toMatch(/SCAN (?!clock|feed|fleet|input|\(|CONSTANT|\d+ CONSTANT)/);
  });

  it('let readers pass a writer', async () => {
    const record = await insert(tier);
    await whileLocked(async () => expect(await tier.sessions.read(record.storageKey)).toEqual(record));
  });
});

// --- What the tests are made of ----------------------------------------------------------------------------------
