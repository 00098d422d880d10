import { deepEqual, equal, notEqual } from 'node:assert/strict';
import type { SealedRecord } from '../../../session/sealed-record.ts';
import { matches } from '../../checks.ts';
import { each } from '../../contract-case.ts';
import { durableCases, type Bed, type DurableTierCase } from '../bed.ts';
import { HOUR, NOW, START, keysIn, move, randomBytes, revocation, writeId } from '../records.ts';
import { BEFORE_LAST_ROWS, insertLast, lastKey, walked } from './last-rows.ts';
import type { DurableTier } from '../../../tiers/durable.ts';

/** Bounds for rows that ended two hours ago, or were revoked three hours ago. */
const BOUNDS = { endedBefore: NOW - 2 * HOUR, revokedBefore: NOW - 3 * HOUR };
const LONG_AGO = { idleExpiresAt: NOW - 4 * HOUR, absoluteExpiresAt: NOW - 4 * HOUR };
const ENDS: readonly (readonly [string, Partial<SealedRecord>])[] = [
  ['absolute deadline', { absoluteExpiresAt: BOUNDS.endedBefore - 1 }],
  ['idle deadline', { idleExpiresAt: BOUNDS.endedBefore - 1 }],
];

export const endedCases: readonly DurableTierCase[] = durableCases('upkeep.findEnded and upkeep.removeEnded', {
  ...each(ENDS, ([which, deadlines]) => [
    `remove a row whose ${which} has passed`,
    async ({ tier }: Bed) => {
      const { storageKey } = await insertUsed(tier, deadlines);
      deepEqual(await findAll(tier), [storageKey]);
      equal(await tier.upkeep.removeEnded({ storageKeys: [storageKey], ...BOUNDS }), 1);
      equal(await tier.sessions.read(storageKey), null);
      equal(await tier.upkeep.removeEnded({ storageKeys: [storageKey], ...BOUNDS }), 0);
    },
  ]),

  'remove rows that were revoked long enough ago, whatever their deadlines': async ({ tier }) => {
    const [old, recent, both] = [await insertUsed(tier), await insertUsed(tier), await insertUsed(tier, LONG_AGO)];
    await revoke(tier, old, BOUNDS.revokedBefore - 1);
    await revoke(tier, recent, BOUNDS.revokedBefore);
    await revoke(tier, both, BOUNDS.revokedBefore);
    deepEqual(await findAll(tier), [old.storageKey]);
    equal(await tier.upkeep.removeEnded({ storageKeys: keysIn([old, recent, both]), ...BOUNDS }), 1);
    // A row that is gone has no write id to find, so the very same revocation is answered as that of a stranger.
    equal(await revoke(tier, recent, NOW), null);
  },

  'leave living rows, and those whose deadline is the bound itself': async ({ tier }) => {
    const living = await insertUsed(tier);
    const onTime = await insertUsed(tier, { idleExpiresAt: BOUNDS.endedBefore });
    deepEqual(await findAll(tier), []);
    equal(await tier.upkeep.removeEnded({ storageKeys: keysIn([living, onTime]), ...BOUNDS }), 0);
    deepEqual(await tier.sessions.read(living.storageKey), living);
    deepEqual(await tier.sessions.read(onTime.storageKey), onTime);
  },

  'leave rows that are marked dirty or remember earlier keys, until that is cleared': async ({ tier }) => {
    const marked = await insertUsed(tier, LONG_AGO);
    await tier.feed.markDirty(marked.storageKey);
    const revoked = await insertUsed(tier);
    await revoke(tier, revoked, NOW - 9 * HOUR, true);
    const moved = await insertUsed(tier);
    const command = move(moved, { storageKey: lastKey(), ...LONG_AGO });
    equal(await tier.sessions.regenerate(command), true);
    const storageKeys = keysIn([marked, revoked, command.record]);
    deepEqual(await findAll(tier), []);
    equal(await tier.upkeep.removeEnded({ storageKeys, ...BOUNDS }), 0);
    await tier.feed.clear(Number.MAX_SAFE_INTEGER, 100);
    deepEqual(await findAll(tier), storageKeys);
    equal(await tier.upkeep.removeEnded({ storageKeys, ...BOUNDS }), 3);
  },

  'removeEnded checks again, and leaves a row that lives by then': async ({ tier }) => {
    const record = await insertUsed(tier, { idleExpiresAt: BOUNDS.endedBefore - 1 });
    deepEqual(await findAll(tier), [record.storageKey]);
    const { storageKey } = record;
    await tier.sessions.touch({
      storageKey,
      lastSeenAt: NOW - 12 * HOUR + 1,
      aliveAt: BOUNDS.endedBefore - HOUR,
      longestPauseMs: 0,
    });
    equal(await tier.upkeep.removeEnded({ storageKeys: [storageKey], ...BOUNDS }), 0);
    matches(await tier.sessions.read(storageKey), { idleExpiresAt: NOW + HOUR });
  },

  'leave the rows of other namespaces': async ({ tier, open }) => {
    const other = await open();
    const { storageKey } = await insertUsed(other, LONG_AGO);
    deepEqual(await findAll(tier), []);
    equal(await tier.upkeep.removeEnded({ storageKeys: [storageKey], ...BOUNDS }), 0);
    notEqual(await other.sessions.read(storageKey), null);
  },

  'find rows in order, in pages of any size, among rows that have not ended': async ({ tier }) => {
    for (let count = 0; count < 4; count += 1) await insertUsed(tier);
    const records = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => insertUsed(tier, LONG_AGO)));
    for (const limit of [1, 3, 100]) {
      deepEqual(await findAll(tier, limit), keysIn(records));
    }
    const page = await tier.upkeep.findEnded({ after: BEFORE_LAST_ROWS, limit: 2, ...BOUNDS });
    equal(page.scanned, 2);
    notEqual(page.next, null);
  },
});

export const claimCases: readonly DurableTierCase[] = durableCases('upkeep.claimSweep', {
  'returns false before the first ring is raised': async ({ tier }) => {
    equal(await tier.upkeep.claimSweep({ passId: writeId(), forMs: 1 }), false);
  },

  'gives the right to one pass at a time, in each namespace': async ({ tier, open }) => {
    const other = await open();
    await raise(tier);
    await raise(other);
    const rivals = Array.from({ length: 20 }, () => writeId());
    const answers = await Promise.all(rivals.map((passId) => tier.upkeep.claimSweep({ passId, forMs: HOUR })));
    equal(answers.filter(Boolean).length, 1);
    const holder = rivals[answers.indexOf(true)] ?? START;
    equal(await tier.upkeep.claimSweep({ passId: holder, forMs: HOUR }), true);
    equal(await tier.upkeep.claimSweep({ passId: writeId(), forMs: HOUR }), false);
    equal(await other.upkeep.claimSweep({ passId: writeId(), forMs: HOUR }), true);
  },

  'gives the right to another pass once its time is over by the database’s clock': async ({ tier }) => {
    await raise(tier);
    const [first, second] = [writeId(), writeId()];
    equal(await tier.upkeep.claimSweep({ passId: first, forMs: HOUR }), true);
    // Given less time, as at the end of a pass.
    equal(await tier.upkeep.claimSweep({ passId: first, forMs: 1 }), true);
    const now = await tier.probe();
    while ((await tier.probe()) <= now + 1) await tier.probe();
    equal(await tier.upkeep.claimSweep({ passId: second, forMs: HOUR }), true);
    equal(await tier.upkeep.claimSweep({ passId: first, forMs: HOUR }), false);
  },
});

/** A session that was begun twelve hours ago, and may be idle for thirteen. */
function insertUsed(tier: DurableTier, changes: Partial<SealedRecord> = {}): Promise<SealedRecord> {
  const startedAt = NOW - 12 * HOUR;
  const times = { createdAt: startedAt, lastSeenAt: startedAt, idleLifetimeMs: 13 * HOUR };
  return insertLast(tier, {
    userKey: null,
    ...times,
    idleExpiresAt: NOW + HOUR,
    absoluteExpiresAt: NOW + HOUR,
    ...changes,
  });
}

function revoke(tier: DurableTier, { storageKey }: SealedRecord, revokedAt: number, dirty = false) {
  return tier.sessions.revoke(revocation(storageKey, { revokedAt, dirty }));
}

async function raise(tier: DurableTier): Promise<void> {
  await tier.fleet.raiseRing({ version: 1, fingerprint: randomBytes(32) });
}

function findAll(tier: DurableTier, limit = 100): Promise<Buffer[]> {
  return walked(async (after) => {
    const { storageKeys, next } = await tier.upkeep.findEnded({ after, limit, ...BOUNDS });
    return { items: storageKeys, next };
  });
}
