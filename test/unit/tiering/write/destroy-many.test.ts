import { beforeEach, describe, expect, it } from 'vitest';
import { OutcomeUnknownError, RevocationNotDurableError } from '../../../../src/index.ts';
import { TierFailure } from '../../../../src/errors.ts';
import {
  DURABLE_TIMEOUT_MS_DEFAULT,
  LATECOMER_TIMEOUTS,
  REVOKE_WALKS_MAX,
} from '../../../../src/limits/durable-tier.ts';
import { PENDING_REVOCATION_RETRY_MS } from '../../../../src/limits/recovery.ts';
import type { SealedRecord } from '../../../../src/session/sealed-record.ts';
import type { InsertCommand, RevokeManyCommand } from '../../../../src/tiers/durable.ts';
import { MemoryFleet } from '../../../support/memory-fleet.ts';

let fleet: MemoryFleet;
beforeEach(() => {
  fleet = new MemoryFleet();
});

const HOUR = 3_600_000;
const LATECOMERS_MS = LATECOMER_TIMEOUTS * DURABLE_TIMEOUT_MS_DEFAULT;

describe('destroying all but one of a user’s sessions', () => {
  it('spares the one that was kept although it gets a new id before latecomers are looked for', async () => {
    const { sessions } = await fleet.node();
    const kept = await sessions.create({ cart: [] }, { userId: 'u' });
    await sessions.create({ cart: [] }, { userId: 'u' });
    expect(await sessions.destroyByUser('u', { except: kept.id })).toBe(1);
    const first = await sessions.regenerate(kept.id);
    const { id } = await sessions.regenerate(first.id);
    await fleet.platform.advance(LATECOMERS_MS + 1);
    expect(await sessions.get(id, { consistency: 'strong' })).not.toBeNull();
  });

  it('does not follow a latecomer that has become another user’s meanwhile', async () => {
    const { sessions, durable } = await fleet.node();
    const login = await sessions.create({ cart: [] }, { userId: 'u' });
    durable.override('sessions.revokeMany', () => Promise.resolve([]));
    await sessions.destroyByUser('u');
    let moved: { readonly id: string } | undefined;
    durable.override('sessions.revoke', async (own, ...args) => {
      moved ??= await sessions.regenerate(login.id, { userId: 'v' });
      return own(...args);
    });
    await fleet.platform.advance(LATECOMERS_MS + 1);
    expect(moved).toBeDefined();
    expect(await sessions.get(moved?.id ?? '', { consistency: 'strong' })).not.toBeNull();
  });

  it('still ends a login that was in flight', async () => {
    const { sessions, durable } = await fleet.node();
    const kept = await sessions.create({ cart: [] }, { userId: 'u' });
    const inserted: (() => Promise<unknown>)[] = [];
    durable.override('sessions.insert', async (own, ...args) => {
      inserted.push(() => own(...args));
      return 'inserted';
    });
    const { id } = await sessions.create({ cart: [] }, { userId: 'u' });
    await sessions.destroyByUser('u', { except: kept.id });
    await inserted[0]?.();
    expect(await sessions.get(id)).not.toBeNull();
    await fleet.platform.advance(LATECOMERS_MS + 1);
    expect(await sessions.get(id)).toBeNull();
    expect(await sessions.get(kept.id)).not.toBeNull();
  });
});

describe('ending many sessions', () => {
  it('is an unknown outcome where the last walk still finds one that has moved', async () => {
    const { sessions, durable } = await fleet.node();
    await sessions.create({ cart: [] }, { userId: 'u' });
    let walks = 0;
    durable.override('sessions.revokeMany', async (own, ...args) => {
      walks += 1;
      await own(...args);
      const row = { storageKey: Buffer.alloc(32, walks), idleExpiresAt: 0, absoluteExpiresAt: 0, hasMoved: true };
      return [row];
    });
    await expect(sessions.destroyByUser('u')).rejects.toThrow(OutcomeUnknownError);
    expect(walks).toBe(REVOKE_WALKS_MAX);
  });

  it('succeeds although there is a login during each walk', async () => {
    const { sessions, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    let walks = 0;
    durable.override('sessions.revokeMany', async (own, ...args) => {
      walks += 1;
      if (walks > 1) await sessions.create({ cart: [] });
      return own(...args);
    });
    expect(await sessions.destroyAll()).toBeGreaterThan(0);
    expect(walks).toBeLessThan(REVOKE_WALKS_MAX);
    expect(await sessions.get(id)).toBeNull();
  });
});

describe('a revocation that reaches the database too late for its deadline', () => {
  it('is not taken for one that found nothing, and is tried again', async () => {
    const { sessions, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] });
    let calls = 0;
    durable.override('sessions.revoke', async (own, ...args) => {
      calls += 1;
      return calls === 1 ? null : own(...args);
    });
    await expect(sessions.destroy(id)).rejects.toThrow(RevocationNotDurableError);
    expect(await sessions.get(id)).toBeNull();
    await fleet.platform.advance(PENDING_REVOCATION_RETRY_MS + 1);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
  });

  it('is walked again where it was to end many', async () => {
    const { sessions, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] }, { userId: 'u' });
    let calls = 0;
    durable.override('sessions.revokeMany', async (own, ...args) => {
      calls += 1;
      return calls === 1 ? 'late' : own(...args);
    });
    expect(await sessions.destroyByUser('u')).toBe(1);
    expect(fleet.rowOf(id)?.revokedAt).not.toBeNull();
    // Of the first whole walk, too, nobody knows whether a session got a key behind it.
    expect(calls).toBe(3);
  });

  it('is given another deadline by the database’s clock, which was set forward', async () => {
    const { sessions, durable } = await fleet.node();
    await sessions.create({ cart: [] }, { userId: 'u' });
    const late: boolean[] = [];
    durable.override('probe', async (own) => Number(await own()) + HOUR);
    durable.override('sessions.revokeMany', async (own, ...args) => {
      const { validUntil } = args[0] as RevokeManyCommand;
      late.push((validUntil ?? 0) < fleet.platform.now() + HOUR);
      return late.at(-1) === true ? 'late' : own(...args);
    });
    expect(await sessions.destroyByUser('u')).toBe(1);
    expect(late.slice(0, 2)).toEqual([true, false]);
  });

  it('is an unknown outcome where its first statement was lost', async () => {
    const { sessions, durable } = await fleet.node();
    const { id } = await sessions.create({ cart: [] }, { userId: 'u' });
    const answers = [() => Promise.reject(new TierFailure('ambiguous', 'ECONNRESET')), () => Promise.resolve('late')];
    durable.override('sessions.revokeMany', (own, ...args) => (answers.shift() ?? (() => own(...args)))());
    await expect(sessions.destroyByUser('u')).rejects.toThrow(OutcomeUnknownError);
    expect(await sessions.get(id)).not.toBeNull();
  });

  it('is tried again where it was to end what a lost INSERT left', async () => {
    const { sessions, durable } = await fleet.node();
    const lost: SealedRecord[] = [];
    durable.override('sessions.insert', async (own, ...args) => {
      const answer = await own(...args);
      if (lost.length > 0) return answer;
      lost.push((args[0] as InsertCommand).record);
      throw new TierFailure('ambiguous', 'ECONNRESET');
    });
    await sessions.create({ cart: [] });
    let calls = 0;
    durable.override('sessions.revoke', async (own, ...args) => {
      calls += 1;
      return calls === 1 ? null : own(...args);
    });
    await fleet.platform.advance(LATECOMERS_MS + 1);
    expect(calls).toBe(1);
    await fleet.platform.advance(LATECOMERS_MS);
    const row = fleet.database.get(lost[0]?.storageKey.toString('hex') ?? '');
    expect(row?.revokedAt).toEqual(expect.any(Number));
  });
});
