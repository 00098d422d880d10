import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemPlatform } from '../../src/platform/platform.ts';
import type { SealedRecord } from '../../src/session/sealed-record.ts';
import type { DurableTier } from '../../src/tiers/durable.ts';
import type { DurableDatabase } from './durable-contract.ts';

const NOW = 1_764_000_000_000;
const HOUR = 3_600_000;
const START = Buffer.alloc(0);
/** What has ended two hours ago, and was revoked three hours ago. */
const BOUNDS = { endedBefore: NOW - 2 * HOUR, revokedBefore: NOW - 3 * HOUR };
const LONG_AGO = { idleExpiresAt: NOW - 4 * HOUR, absoluteExpiresAt: NOW - 4 * HOUR };

/** What the durable tier promises to the sweeper: whose turn it is, which rows have ended, and that those go and no others. */
export function describeSweep(name: string, openDatabase: () => Promise<DurableDatabase>): void {
  describe(`what the durable tier sweeps: ${name}`, () => {
    let database: DurableDatabase;
    const tiers: DurableTier[] = [];

    beforeAll(async () => {
      database = await openDatabase();
    });

    afterAll(async () => {
      await Promise.all(tiers.map((tier) => tier.close()));
      await database?.close?.();
    });

    /** A namespace of its own for each test. */
    async function inNamespace(): Promise<DurableTier> {
      const tier = database.makeTier();
      const namespace = `n-${randomBytes(6).toString('hex')}`;
      await tier.open({ namespace, platform: systemPlatform, timeoutMs: 5_000, sweeps: true });
      tiers.push(tier);
      return tier;
    }

    describe('rows that have ended', () => {
      it.each([
        ['whose absolute deadline has passed', { absoluteExpiresAt: BOUNDS.endedBefore - 1 }],
        ['that nobody used until its idle deadline', { idleExpiresAt: BOUNDS.endedBefore - 1 }],
      ])('go: one %s', async (_what, deadlines) => {
        const tier = await inNamespace();
        const { storageKey } = await insert(tier, deadlines);
        expect(await findAll(tier)).toEqual([storageKey]);
        expect(await tier.upkeep.removeEnded({ storageKeys: [storageKey], ...BOUNDS })).toBe(1);
        expect(await tier.sessions.read(storageKey)).toBeNull();
        expect(await tier.upkeep.removeEnded({ storageKeys: [storageKey], ...BOUNDS })).toBe(0);
      });

      it('go when they were revoked long enough ago, whatever their deadlines say', async () => {
        const tier = await inNamespace();
        const [old, recent, both] = [await insert(tier), await insert(tier), await insert(tier, LONG_AGO)];
        await revoke(tier, old, BOUNDS.revokedBefore - 1);
        await revoke(tier, recent, BOUNDS.revokedBefore);
        await revoke(tier, both, BOUNDS.revokedBefore);
        expect(await findAll(tier)).toEqual([old.storageKey]);
        expect(await tier.upkeep.removeEnded({ storageKeys: keysOf(old, recent, both), ...BOUNDS })).toBe(1);
        // A row that is gone has no write id to find, so the very same revocation is answered as that of a stranger.
        expect(await revoke(tier, recent, NOW)).toBeNull();
      });

      it('stay while they are young: living ones, and those whose deadline is the bound itself', async () => {
        const tier = await inNamespace();
        const living = await insert(tier);
        const onTime = await insert(tier, { idleExpiresAt: BOUNDS.endedBefore });
        expect(await findAll(tier)).toEqual([]);
        expect(await tier.upkeep.removeEnded({ storageKeys: keysOf(living, onTime), ...BOUNDS })).toBe(0);
        expect(await tier.sessions.read(living.storageKey)).toEqual(living);
        expect(await tier.sessions.read(onTime.storageKey)).toEqual(onTime);
      });

      it('stay while they are marked dirty or remember earlier keys, and go once that is cleared', async () => {
        const tier = await inNamespace();
        const marked = await insert(tier, LONG_AGO);
        await tier.feed.markDirty(marked.storageKey);
        const revoked = await insert(tier);
        await revoke(tier, revoked, NOW - 9 * HOUR, true);
        const moved = await insert(tier);
        const present = { ...moved, storageKey: randomBytes(32), revision: 2, ...LONG_AGO };
        const regenerated = await tier.sessions.regenerate({
          record: present,
          previousStorageKey: moved.storageKey,
          regeneratedAt: NOW,
          writeId: randomBytes(16),
          validUntil: null,
          aliveAt: NOW,
          dirty: false,
          replaces: null,
        });
        expect(regenerated).toBe(true);
        const storageKeys = keysOf(marked, revoked, present);
        expect(await findAll(tier)).toEqual([]);
        expect(await tier.upkeep.removeEnded({ storageKeys, ...BOUNDS })).toBe(0);
        await tier.feed.clear(Number.MAX_SAFE_INTEGER, 100);
        expect(await findAll(tier)).toEqual(storageKeys);
        expect(await tier.upkeep.removeEnded({ storageKeys, ...BOUNDS })).toBe(3);
      });

      it('are looked at once more before they are deleted: what lives again by then stays', async () => {
        const tier = await inNamespace();
        const record = await insert(tier, { idleExpiresAt: BOUNDS.endedBefore - 1 });
        expect(await findAll(tier)).toEqual([record.storageKey]);
        const { storageKey } = record;
        await tier.sessions.touch({
          storageKey,
          lastSeenAt: NOW - 12 * HOUR + 1,
          aliveAt: BOUNDS.endedBefore - HOUR,
          longestPauseMs: 0,
        });
        expect(await tier.upkeep.removeEnded({ storageKeys: [storageKey], ...BOUNDS })).toBe(0);
        expect(await tier.sessions.read(storageKey)).toMatchObject({ idleExpiresAt: NOW + HOUR });
      });

      it('are those of the namespace', async () => {
        const [tier, other] = [await inNamespace(), await inNamespace()];
        const { storageKey } = await insert(other, LONG_AGO);
        expect(await findAll(tier)).toEqual([]);
        expect(await tier.upkeep.removeEnded({ storageKeys: [storageKey], ...BOUNDS })).toBe(0);
        expect(await other.sessions.read(storageKey)).not.toBeNull();
      });

      it('are found in order, in pages of any size, among all that is not to be found', async () => {
        const tier = await inNamespace();
        for (let count = 0; count < 4; count += 1) await insert(tier);
        const records = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => insert(tier, LONG_AGO)));
        for (const limit of [1, 3, 100]) {
          expect(await findAll(tier, limit)).toEqual(keysOf(...records));
        }
        const page = await tier.upkeep.findEnded({ after: START, limit: 2, ...BOUNDS });
        expect(page.scanned).toBe(2);
        expect(page.next).not.toBeNull();
      });
    });

    describe('the claim', () => {
      it('is nobody’s before the first ring is raised', async () => {
        const tier = await inNamespace();
        expect(await tier.upkeep.claimSweep({ passId: randomBytes(16), forMs: 1 })).toBe(false);
      });

      it('is one pass’s at a time, in each namespace', async () => {
        const [tier, other] = [await inNamespace(), await inNamespace()];
        await raise(tier);
        await raise(other);
        const rivals = Array.from({ length: 20 }, () => randomBytes(16));
        const answers = await Promise.all(rivals.map((passId) => tier.upkeep.claimSweep({ passId, forMs: HOUR })));
        expect(answers.filter(Boolean)).toHaveLength(1);
        const holder = rivals[answers.indexOf(true)] ?? START;
        expect(await tier.upkeep.claimSweep({ passId: holder, forMs: HOUR })).toBe(true);
        expect(await tier.upkeep.claimSweep({ passId: randomBytes(16), forMs: HOUR })).toBe(false);
        expect(await other.upkeep.claimSweep({ passId: randomBytes(16), forMs: HOUR })).toBe(true);
      });

      it('is free when its time is over, by the database’s clock, and is not the former holder’s then', async () => {
        const tier = await inNamespace();
        await raise(tier);
        const [first, second] = [randomBytes(16), randomBytes(16)];
        expect(await tier.upkeep.claimSweep({ passId: first, forMs: HOUR })).toBe(true);
        // Given less time, as at the end of a pass.
        expect(await tier.upkeep.claimSweep({ passId: first, forMs: 1 })).toBe(true);
        const now = await tier.probe();
        while ((await tier.probe()) <= now + 1) await tier.probe();
        expect(await tier.upkeep.claimSweep({ passId: second, forMs: HOUR })).toBe(true);
        expect(await tier.upkeep.claimSweep({ passId: first, forMs: HOUR })).toBe(false);
      });
    });
  });
}

async function raise(tier: DurableTier): Promise<void> {
  await tier.fleet.raiseRing({ version: 1, fingerprint: randomBytes(32) });
}

function keysOf(...records: readonly SealedRecord[]): Buffer[] {
  return records.map(({ storageKey }) => storageKey).sort((a, b) => a.compare(b));
}

function revoke(tier: DurableTier, { storageKey }: SealedRecord, revokedAt: number, dirty = false) {
  return tier.sessions.revoke({ storageKey, writeId: randomBytes(16), validUntil: null, revokedAt, dirty });
}

async function insert(tier: DurableTier, changes: Partial<SealedRecord> = {}): Promise<SealedRecord> {
  const record: SealedRecord = {
    storageKey: randomBytes(32),
    userKey: null,
    revision: 1,
    envelope: randomBytes(100),
    keyId: randomBytes(8),
    createdAt: NOW - 12 * HOUR,
    lastSeenAt: NOW - 12 * HOUR,
    idleLifetimeMs: 13 * HOUR,
    idleExpiresAt: NOW + HOUR,
    absoluteExpiresAt: NOW + HOUR,
    ...changes,
  };
  expect(await tier.sessions.insert({ record, writeId: randomBytes(16), validUntil: null, aliveAt: NOW })).toBe(
    'inserted',
  );
  return record;
}

async function findAll(tier: DurableTier, limit = 100): Promise<Buffer[]> {
  const found: Buffer[] = [];
  let after: Buffer | null = START;
  while (after !== null) {
    const { storageKeys, next } = await tier.upkeep.findEnded({ after, limit, ...BOUNDS });
    found.push(...storageKeys);
    // A walk that never ends would be an endless loop here, which no time-out of the test could stop.
    expect(next === null || next.compare(after) > 0).toBe(true);
    after = next;
  }
  return found;
}
