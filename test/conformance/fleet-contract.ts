import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemPlatform } from '../../src/platform/platform.ts';
import type { SealedRecord } from '../../src/session/sealed-record.ts';
import type { DurableTier, WalkedRow } from '../../src/tiers/durable.ts';
import type { DurableDatabase } from './durable-contract.ts';

const NOW = 1_764_000_000_000;
const HOUR = 3_600_000;
const START = Buffer.alloc(0);

/** What the durable tier promises to key rotation: the walk, user keys that move, and what nodes tell each other. */
export function describeFleetTables(name: string, openDatabase: () => Promise<DurableDatabase>): void {
  describe(`what the durable tier keeps for key rotation: ${name}`, () => {
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
    async function inNamespace(namespace = `n-${randomBytes(6).toString('hex')}`): Promise<DurableTier> {
      const tier = database.makeTier();
      await tier.open({ namespace, platform: systemPlatform, timeoutMs: 5_000 });
      tiers.push(tier);
      return tier;
    }

    describe('the walk', () => {
      it('finds every living session once, in order, in pages of any size', async () => {
        const tier = await inNamespace();
        const records = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => insert(tier)));
        const expected = records
          .map(({ storageKey, keyId }) => ({ storageKey, keyId, hasUser: true }))
          .sort((a, b) => a.storageKey.compare(b.storageKey));
        for (const limit of [1, 3, 100]) {
          expect(await walkAll(tier, limit)).toEqual(expected);
        }
      });

      it('leaves out what is revoked, what has ended, and other namespaces', async () => {
        const tier = await inNamespace();
        const other = await inNamespace();
        const living = await insert(tier, { userKey: null });
        const revoked = await insert(tier);
        await tier.sessions.revoke({
          storageKey: revoked.storageKey,
          writeId: randomBytes(16),
          validUntil: null,
          revokedAt: NOW,
          dirty: false,
        });
        await insert(tier, { idleExpiresAt: NOW - 1 });
        await insert(tier, { absoluteExpiresAt: NOW - 1 });
        await insert(other);
        const { storageKey, keyId } = living;
        expect(await walkAll(tier, 2)).toEqual([{ storageKey, keyId, hasUser: false }]);
      });

      it('ends at once where there is nothing', async () => {
        const tier = await inNamespace();
        const last = Buffer.alloc(32, 0xff);
        expect(await tier.upkeep.walk({ after: last, limit: 10, aliveAt: NOW })).toEqual({ rows: [], next: null });
      });
    });

    describe('user keys', () => {
      it('move without a new revision, and the session is then found under the new one only', async () => {
        const tier = await inNamespace();
        const record = await insert(tier);
        const [from, to] = [record.userKey ?? START, randomBytes(32)];
        expect(await tier.upkeep.moveUserKey({ storageKey: record.storageKey, from, to })).toBe(true);
        expect(await tier.sessions.read(record.storageKey)).toEqual({ ...record, userKey: to });
        expect(await tier.sessions.listByUser([from], START, 10)).toEqual([]);
        expect(await tier.sessions.listByUser([to], START, 10)).toHaveLength(1);
      });

      it('do not move from where they are not, nor for a revoked session, another namespace or none', async () => {
        const tier = await inNamespace();
        const other = await inNamespace();
        const record = await insert(tier);
        const { storageKey, userKey } = record;
        const from = userKey ?? START;
        const to = randomBytes(32);
        expect(await tier.upkeep.moveUserKey({ storageKey, from: randomBytes(32), to })).toBe(false);
        expect(await other.upkeep.moveUserKey({ storageKey, from, to })).toBe(false);
        expect(await tier.upkeep.moveUserKey({ storageKey: randomBytes(32), from, to })).toBe(false);
        const anonymous = await insert(tier, { userKey: null });
        expect(await tier.upkeep.moveUserKey({ storageKey: anonymous.storageKey, from, to })).toBe(false);
        await tier.sessions.revoke({
          storageKey,
          writeId: randomBytes(16),
          validUntil: null,
          revokedAt: NOW,
          dirty: false,
        });
        expect(await tier.upkeep.moveUserKey({ storageKey, from, to })).toBe(false);
      });
    });

    describe('the highest ring', () => {
      it('rises and never sinks, and the first of two rings of one version stays', async () => {
        const tier = await inNamespace();
        const [first, rival, second] = [mark(3), mark(3), mark(4)];
        expect((await tier.fleet.read()).ring).toBeNull();
        expect(await tier.fleet.raiseRing(first)).toEqual(first);
        expect(await tier.fleet.raiseRing(rival)).toEqual(first);
        expect(await tier.fleet.raiseRing(mark(2))).toEqual(first);
        expect(await tier.fleet.raiseRing(second)).toEqual(second);
        expect(await tier.fleet.raiseRing(first)).toEqual(second);
        expect((await tier.fleet.read()).ring).toEqual(second);
      });

      it('is one for each namespace', async () => {
        const [tier, other] = [await inNamespace(), await inNamespace()];
        await tier.fleet.raiseRing(mark(9));
        const own = mark(1);
        expect(await other.fleet.raiseRing(own)).toEqual(own);
      });

      it('is the same for all who raise it at once', async () => {
        const tier = await inNamespace();
        const rivals = Array.from({ length: 20 }, () => mark(5));
        const answers = await Promise.all(rivals.map((rival) => tier.fleet.raiseRing(rival)));
        expect(new Set(answers.map(({ fingerprint }) => fingerprint.toString('hex'))).size).toBe(1);
      });
    });

    describe('nodes', () => {
      it('are seen at the database’s time, and acknowledge a ring when they first show it', async () => {
        const tier = await inNamespace();
        const nodeId = randomBytes(16);
        await tier.fleet.heartbeat({ nodeId, ringVersion: 1 });
        const [first] = (await tier.fleet.read()).nodes;
        expect(first).toMatchObject({ nodeId, ringVersion: 1 });
        expect(first?.acknowledgedAt).toBe(first?.seenAt);
        await whenItIsLater(tier, first?.seenAt ?? 0);
        await tier.fleet.heartbeat({ nodeId, ringVersion: 1 });
        const [again] = (await tier.fleet.read()).nodes;
        expect(again?.seenAt).toBeGreaterThan(first?.seenAt ?? 0);
        expect(again?.acknowledgedAt).toBe(first?.acknowledgedAt);
        await tier.fleet.heartbeat({ nodeId, ringVersion: 2 });
        const fleet = await tier.fleet.read();
        expect(fleet.nodes).toHaveLength(1);
        expect(fleet.nodes[0]).toMatchObject({ ringVersion: 2 });
        expect(fleet.nodes[0]?.acknowledgedAt).toBeGreaterThan(first?.acknowledgedAt ?? 0);
        expect(fleet.now).toBeGreaterThanOrEqual(fleet.nodes[0]?.seenAt ?? 0);
      });

      it('are forgotten by id or by age, in their own namespace only', async () => {
        const [tier, other] = [await inNamespace(), await inNamespace()];
        const nodeIds = [randomBytes(16), randomBytes(16)] as const;
        for (const nodeId of nodeIds) {
          await tier.fleet.heartbeat({ nodeId, ringVersion: 1 });
        }
        await other.fleet.heartbeat({ nodeId: nodeIds[0], ringVersion: 1 });
        await tier.fleet.forget(nodeIds[0]);
        expect((await tier.fleet.read()).nodes.map(({ nodeId }) => nodeId)).toEqual([nodeIds[1]]);
        await tier.fleet.forget(0);
        expect((await tier.fleet.read()).nodes).toHaveLength(1);
        await tier.fleet.forget(Number.MAX_SAFE_INTEGER);
        expect((await tier.fleet.read()).nodes).toEqual([]);
        expect((await other.fleet.read()).nodes).toHaveLength(1);
      });
    });
  });
}

function mark(version: number) {
  return { version, fingerprint: randomBytes(32) };
}

async function insert(tier: DurableTier, changes: Partial<SealedRecord> = {}): Promise<SealedRecord> {
  const record: SealedRecord = {
    storageKey: randomBytes(32),
    userKey: randomBytes(32),
    revision: 1,
    envelope: randomBytes(100),
    keyId: randomBytes(8),
    createdAt: NOW,
    lastSeenAt: NOW,
    idleLifetimeMs: HOUR,
    idleExpiresAt: NOW + HOUR,
    absoluteExpiresAt: NOW + 12 * HOUR,
    ...changes,
  };
  expect(await tier.sessions.insert({ record, writeId: randomBytes(16), validUntil: null, aliveAt: NOW })).toBe(
    'inserted',
  );
  return record;
}

async function walkAll(tier: DurableTier, limit: number): Promise<WalkedRow[]> {
  const found: WalkedRow[] = [];
  let after: Buffer | null = START;
  while (after !== null) {
    const { rows, next } = await tier.upkeep.walk({ after, limit, aliveAt: NOW });
    found.push(...rows);
    // A walk that never ends would be an endless loop here, which no time-out of the test could stop.
    expect(next === null || next.compare(after) > 0).toBe(true);
    after = next;
  }
  return found;
}

async function whenItIsLater(tier: DurableTier, time: number): Promise<void> {
  for (;;) {
    if ((await tier.probe()) > time) return;
  }
}
