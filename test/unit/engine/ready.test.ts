import { describe, expect, it } from 'vitest';
import { TierFailure } from '../../../src/errors.ts';
import { generateKeyRing, type KeySource } from '../../../src/index.ts';
import { KEYS_LOAD_TIMEOUT_MS, READY_PAUSE_MS, READY_TIMEOUT_MS_DEFAULT } from '../../../src/limits/client.ts';
import { memoryDurableTier } from '../../../src/tiers/memory/index.ts';
import { settled } from '../../support/fake-platform.ts';
import { interceptDurable } from '../../support/intercepted-tiers.ts';
import { memoryClient } from '../../support/memory-client.ts';

const ring = generateKeyRing();

async function setUp(keys?: KeySource) {
  const durable = interceptDurable(memoryDurableTier());
  const client = await memoryClient({ durable: durable.tier, ...(keys === undefined ? {} : { keys }) });
  const failWith = (failure: TierFailure | null): void => {
    durable.hook.before = (method) => {
      if (failure !== null && method !== 'close') throw failure;
    };
  };
  return { ...client, durable, failWith };
}

const AWAY = new TierFailure('not-sent', 'unreachable');
const LOCKED_OUT = new TierFailure('misconfigured', 'no-table');

/** How a promise ended, looked at without waiting for it. */
function watch(promise: Promise<unknown>): { ended: unknown } {
  const seen: { ended: unknown } = { ended: undefined };
  promise.then(
    () => (seen.ended = 'ready'),
    (error: unknown) => (seen.ended = error),
  );
  return seen;
}

describe('ready', () => {
  it('keeps trying while the database is away, until it is there', async () => {
    const { sessions, platform, failWith } = await setUp();
    failWith(AWAY);
    const ready = watch(sessions.ready({ timeout: '30s' }));
    await platform.advance(29_000);
    expect(ready.ended).toBeUndefined();
    failWith(null);
    await platform.advance(1_000);
    expect(ready.ended).toBe('ready');
    await sessions.close();
  });

  it('rejects with the last failure when its time is up', async () => {
    const { sessions, platform, failWith } = await setUp();
    failWith(AWAY);
    const ready = watch(sessions.ready({ timeout: '30s' }));
    await platform.advance(30_000 - 2 * READY_PAUSE_MS);
    expect(ready.ended).toBeUndefined();
    await platform.advance(2 * READY_PAUSE_MS);
    expect(ready.ended).toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE', reason: 'unreachable' });
    await sessions.close();
  });

  it('tries for ten seconds by default, and once with a timeout of 0', async () => {
    const { sessions, platform, failWith } = await setUp();
    failWith(AWAY);
    await expect(sessions.ready({ timeout: 0 })).rejects.toMatchObject({ reason: 'unreachable' });
    const ready = watch(sessions.ready());
    await platform.advance(READY_TIMEOUT_MS_DEFAULT - 2 * READY_PAUSE_MS);
    expect(ready.ended).toBeUndefined();
    await platform.advance(2 * READY_PAUSE_MS);
    expect(ready.ended).toMatchObject({ reason: 'unreachable' });
    await sessions.close();
  });

  it('rejects at once with what a person has to mend, also when that shows later', async () => {
    const { sessions, platform, failWith } = await setUp();
    failWith(LOCKED_OUT);
    await expect(sessions.ready({ timeout: '30s' })).rejects.toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
    failWith(AWAY);
    const ready = watch(sessions.ready({ timeout: '30s' }));
    await platform.advance(5_000);
    expect(ready.ended).toBeUndefined();
    failWith(LOCKED_OUT);
    await platform.advance(1_000);
    expect(ready.ended).toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
    await sessions.close();
  });

  it('does not outlive its time though an attempt does, and names what it waited for', async () => {
    const { sessions, platform, durable } = await setUp();
    durable.hook.before = () => new Promise(() => {});
    const ready = watch(sessions.ready({ timeout: '1s' }));
    await platform.advance(1_000);
    expect(ready.ended).toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE', tier: 'durable', reason: 'never-reached' });
  });

  it('asks a key source again that did not answer in time', async () => {
    const answers = [new Promise<never>(() => {}), ring];
    const { sessions, platform } = await setUp({ load: () => answers.shift() ?? ring });
    const ready = watch(sessions.ready({ timeout: '30s' }));
    await platform.advance(KEYS_LOAD_TIMEOUT_MS - 1);
    expect(ready.ended).toBeUndefined();
    await platform.advance(1 + READY_PAUSE_MS);
    expect(ready.ended).toBe('ready');
    await sessions.close();
  });

  it('asks a key source again whose error says that this may help, and no other', async () => {
    const failures = [
      Object.assign(new Error('the key service is busy'), { retryable: true }),
      new Error('no such key'),
    ];
    const load = (): Promise<never> => Promise.reject(failures.shift() ?? new Error('asked too often'));
    const { sessions, platform } = await setUp({ load });
    const ready = watch(sessions.ready({ timeout: '30s' }));
    await platform.advance(READY_PAUSE_MS);
    expect(ready.ended).toMatchObject({ message: 'no such key' });
  });

  it('ends when the client is closed', async () => {
    const { sessions, platform, failWith } = await setUp();
    failWith(AWAY);
    const ready = watch(sessions.ready({ timeout: '30s' }));
    await settled();
    await sessions.close();
    await platform.advance(READY_PAUSE_MS);
    expect(ready.ended).toMatchObject({ code: 'HOLDFAST_CONFIGURATION' });
  });

  it('refuses a time that is none', async () => {
    const { sessions } = await setUp();
    await expect(sessions.ready({ timeout: '11m' })).rejects.toThrow(/^timeout: expected a duration from 0/);
    await expect(sessions.ready({ timeouts: '1s' } as object)).rejects.toThrow(/unknown option 'timeouts'/);
  });
});
