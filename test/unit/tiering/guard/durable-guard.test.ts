import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../src/errors.ts';
import {
  DURABLE_CALLS_MAX,
  DURABLE_FAILURES_TO_OPEN,
  DURABLE_GRACE_MS,
  DURABLE_READ_CALLS_MAX,
  DURABLE_WAITING_MAX,
} from '../../../../src/limits/durable-tier.ts';
import { COARSE_TICK_MS } from '../../../../src/limits/process.ts';
import { DurableGuard } from '../../../../src/tiering/guard/durable-guard.ts';
import { durablePolicies } from '../../../../src/tiering/guard/durable-policies.ts';
import { memoryDurableTier } from '../../../../src/tiers/memory/index.ts';
import { aroundDurable, type DurableMethod } from '../../../support/durable-methods.ts';
import { FakePlatform, settled } from '../../../support/fake-platform.ts';
import { interceptDurable } from '../../../support/intercepted-tiers.ts';

const TIMEOUT_MS = 1_000;
describe('the guard of a tier whose calls share statements', () => {
  it('counts a statement that failed for many callers as one failure', async () => {
    const { guard, failWith, readStates } = await setUp();
    for (let statement = 1; statement < DURABLE_FAILURES_TO_OPEN; statement += 1) {
      failWith(new TierFailure('ambiguous', 'connection-lost'));
      const outcomes = await Promise.allSettled(readStates(64));
      expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
      expect(guard.state).toBe('degraded');
    }
    failWith(new TierFailure('ambiguous', 'connection-lost'));
    await Promise.allSettled(readStates(64));
    expect(guard.state).toBe('down');
  });

  it.each(['cluster-wait', 'no-quorum', 'read-only', 'standby'])(
    'gives up at once a server that may answer from the past (%s), and no server for another refusal',
    async (reason) => {
      const { guard, failWith, readStates } = await setUp();
      failWith(new TierFailure('rejected', 'lock-timeout'));
      await expect(readStates(1)[0]).rejects.toMatchObject({ reason: 'lock-timeout' });
      expect(guard.verdict).toEqual({ state: 'up' });
      failWith(new TierFailure('rejected', reason));
      await expect(readStates(1)[0]).rejects.toMatchObject({ reason });
      expect(guard.verdict).toEqual({ state: 'down', reason });
    },
  );

  it('gives each of them an error of its own', async () => {
    const { failWith, readStates } = await setUp();
    failWith(new TierFailure('not-sent', 'unreachable'));
    const outcomes = (await Promise.allSettled(readStates(2))) as PromiseRejectedResult[];
    expect(outcomes).toMatchObject([
      { reason: { code: 'HOLDFAST_TIER_UNAVAILABLE' } },
      { reason: { code: 'HOLDFAST_TIER_UNAVAILABLE' } },
    ]);
    expect(outcomes[0]?.reason).not.toBe(outcomes[1]?.reason);
  });

  it('knows a failure by its code: the tier may come from another copy of the package', async () => {
    const { guard, failWith, readStates } = await setUp();
    const foreign = Object.assign(new Error('of another copy'), { ...new TierFailure('not-sent', 'unreachable') });
    expect(foreign).not.toBeInstanceOf(TierFailure);
    for (let call = 0; call < DURABLE_FAILURES_TO_OPEN; call += 1) {
      failWith(Object.assign(new Error('of another copy'), foreign) as TierFailure);
      await expect(readStates(1)[0]).rejects.toMatchObject({
        code: 'HOLDFAST_TIER_UNAVAILABLE',
        reason: 'unreachable',
      });
    }
    expect(guard.state).toBe('down');
  });

  it('reports a call whose statement was not sent in time as overloaded, and thinks no worse of the database', async () => {
    const { guard, failWith, readStates } = await setUp();
    const refused = { code: 'HOLDFAST_TIER_UNAVAILABLE', reason: 'overloaded' };
    for (let call = 0; call < 2 * DURABLE_FAILURES_TO_OPEN; call += 1) {
      failWith(new TierFailure('not-sent', 'deadline'));
      await expect(readStates(1)[0]).rejects.toMatchObject(refused);
      await expect(guard.sessions.revoke({ ...aRevocation() })).rejects.toMatchObject(refused);
    }
    expect(guard.state).toBe('up');
  });

  it('refuses a call at once when too many wait for room', async () => {
    const { hold, readStates, inTier } = await setUp();
    hold();
    void Promise.allSettled(readStates(DURABLE_READ_CALLS_MAX + DURABLE_WAITING_MAX));
    await expect(readStates(1)[0]).rejects.toMatchObject({ reason: 'overloaded' });
    expect(inTier()).toBe(DURABLE_READ_CALLS_MAX);
  });

  it('lets in all that can share, and always leaves room for writes', async () => {
    const { guard, hold, readStates, inTier } = await setUp();
    hold();
    const reads = readStates(DURABLE_READ_CALLS_MAX);
    await settled();
    expect(guard.isBusy).toBe(false);
    reads.push(...readStates(DURABLE_CALLS_MAX + 1 - DURABLE_READ_CALLS_MAX));
    await settled();
    expect(guard.isBusy).toBe(true);
    expect(inTier()).toBe(DURABLE_READ_CALLS_MAX);
    const writes = Array.from({ length: DURABLE_CALLS_MAX }, () => guard.sessions.revoke({ ...aRevocation() }));
    await settled();
    expect(inTier()).toBe(DURABLE_CALLS_MAX);
    expect([...reads, ...writes]).toHaveLength(2 * DURABLE_CALLS_MAX + 1);
  });

  it('reads the feed and sends the heartbeat past the calls that wait for room', async () => {
    const { guard, hold, readStates } = await setUp();
    hold();
    void Promise.allSettled([...readStates(DURABLE_READ_CALLS_MAX), ...revocations(guard)]);
    await settled();
    expect(guard.isBusy).toBe(true);
    expect((await guard.feed.read(0, 10)).rows).toEqual([]);
    await guard.fleet.heartbeat({ nodeId: Buffer.alloc(16), beat: 1, ringVersion: 1, masters: '' });
    expect(await guard.fleet.raiseRing(RING)).toEqual(RING);
  });

  it.each(['read', 'write'])('keeps a %s waiting for room no longer than a statement may take', async (kind) => {
    const { guard, platform, hold, readStates, inTier } = await setUp();
    hold();
    void Promise.allSettled([...readStates(DURABLE_READ_CALLS_MAX), ...revocations(guard)]);
    await platform.advance(1);
    const late = kind === 'read' ? readStates(1)[0] : guard.sessions.revoke({ ...aRevocation() });
    const refused = expect(late).rejects.toMatchObject({ reason: 'overloaded' });
    await platform.advance(TIMEOUT_MS);
    await refused;
    expect(inTier()).toBe(DURABLE_CALLS_MAX);
  });
});

const RING = { version: 1, fingerprint: Buffer.alloc(32) };

/** Revokes more sessions at a time than there is room for. */
function revocations(guard: DurableGuard) {
  return Array.from({ length: 2 * DURABLE_CALLS_MAX }, () => guard.sessions.revoke({ ...aRevocation() }));
}

describe('an answer that is lost', () => {
  const WRITES: readonly DurableMethod[] = [
    'sessions.insert',
    'sessions.update',
    'sessions.regenerate',
    'sessions.revoke',
    'sessions.revokeMany',
  ];
  const guarded = (['sessions', 'feed', 'fleet', 'upkeep'] as const).flatMap((part) =>
    Object.keys(durablePolicies[part]).map((name) => [part, name, `${part}.${name}`] as const),
  );

  it.each(guarded)(
    'of %s.%s is an unknown outcome only where something may have changed',
    async (part, name, method) => {
      const platform = new FakePlatform();
      const { tier, override } = interceptDurable(memoryDurableTier());
      const guard = new DurableGuard({ tier, platform, timeoutMs: TIMEOUT_MS });
      await guard.open({ namespace: 'shop', platform, timeoutMs: TIMEOUT_MS });
      override(method as DurableMethod, () => Promise.reject(new TierFailure('ambiguous', 'connection-lost')));
      const call = Reflect.get(guard[part], name) as (command: unknown) => Promise<unknown>;
      const code = WRITES.includes(method as DurableMethod) ? 'HOLDFAST_OUTCOME_UNKNOWN' : 'HOLDFAST_TIER_UNAVAILABLE';
      await expect(call(Buffer.alloc(32))).rejects.toMatchObject({ code });
    },
  );
});

describe('a process that is blocked while the database answers', () => {
  it.each([true, false])('receives the answer (%s), and counts no failure', async (answer) => {
    const { guard, update, platform, reply } = await updating();
    const outcome = update();
    await settled();
    platform.block(1.5 * TIMEOUT_MS);
    await platform.advance(COARSE_TICK_MS);
    reply(answer);
    expect(await outcome).toBe(answer);
    expect(guard.state).toBe('up');
  });

  it('does not take the answer of a write that may only have been late for "nothing changed"', async () => {
    const { guard, update, platform, reply } = await updating();
    const refusal = expect(update()).rejects.toMatchObject({ code: 'HOLDFAST_OUTCOME_UNKNOWN' });
    await settled();
    platform.block(2 * TIMEOUT_MS + 10);
    reply(false);
    await refusal;
    expect(guard.state).toBe('up');
  });

  it('receives that a write was applied, however late', async () => {
    const { update, platform, reply } = await updating();
    const outcome = update();
    await settled();
    platform.block(10 * TIMEOUT_MS);
    reply(true);
    expect(await outcome).toBe(true);
  });

  it('gives up a database that stays silent', async () => {
    const { update, platform } = await updating();
    const refusal = expect(update()).rejects.toMatchObject({ code: 'HOLDFAST_OUTCOME_UNKNOWN' });
    await platform.advance(TIMEOUT_MS + DURABLE_GRACE_MS + 2 * COARSE_TICK_MS);
    await refusal;
  });

  async function updating() {
    const platform = new FakePlatform();
    const durable = interceptDurable(memoryDurableTier());
    let reply = (_answer: boolean): void => {};
    durable.override('sessions.update', () => new Promise((resolve) => (reply = resolve)));
    const guard = new DurableGuard({ tier: durable.tier, platform, timeoutMs: TIMEOUT_MS });
    await guard.open({ namespace: 'shop', platform, timeoutMs: TIMEOUT_MS });
    const conditions = { aliveAt: 1, replaces: null };
    const update = () =>
      guard.sessions.update({ ...aRevocation(), validUntil: guard.validUntil(), record, ...conditions });
    return { guard, platform, update, reply: (answer: boolean) => reply(answer) };
  }
});

const record = {
  storageKey: Buffer.alloc(32),
  userKey: null,
  revision: 2,
  envelope: Buffer.alloc(1),
  keyId: Buffer.alloc(8),
  createdAt: 1,
  lastSeenAt: 1,
  idleLifetimeMs: 1,
  idleExpiresAt: 2,
  absoluteExpiresAt: 2,
};

function aRevocation() {
  return { storageKey: Buffer.alloc(32), writeId: Buffer.alloc(16), validUntil: null, revokedAt: 1, dirty: false };
}

async function setUp() {
  const platform = new FakePlatform();
  const memory = memoryDurableTier();
  let inTier = 0;
  let failure: TierFailure | undefined;
  let isHeld = false;
  const answer = async (): Promise<null> => {
    inTier += 1;
    if (failure) throw failure;
    return isHeld ? new Promise(() => {}) : null;
  };
  const tier = aroundDurable(memory, (name, own) =>
    name === 'sessions.readState' || name === 'sessions.revoke' ? answer : own,
  );
  const guard = new DurableGuard({ tier, platform, timeoutMs: TIMEOUT_MS });
  await guard.open({ namespace: 'shop', platform, timeoutMs: TIMEOUT_MS });
  return {
    guard,
    platform,
    failWith: (next: TierFailure) => void (failure = next),
    hold: () => void (isHeld = true),
    inTier: () => inTier,
    readStates: (count: number) => Array.from({ length: count }, () => guard.sessions.readState(Buffer.alloc(32))),
  };
}
