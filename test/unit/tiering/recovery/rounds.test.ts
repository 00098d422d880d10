import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Background } from '../../../../src/tiering/background.ts';
import { Rounds } from '../../../../src/tiering/recovery/rounds.ts';
import { DurableGuard } from '../../../../src/tiering/guard/durable-guard.ts';
import { memoryDurableTier } from '../../../../src/tiers/memory/index.ts';
import { FakePlatform, settled } from '../../../support/fake-platform.ts';

const EVERY_MS = 500;

/** A round that is under way. */
interface Round {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A backlog whose rounds end when the test says so. */
async function backlog() {
  const platform = new FakePlatform();
  const durable = new DurableGuard({ tier: memoryDurableTier(), platform, timeoutMs: 2_000 });
  await durable.open({ namespace: 'shop', platform, timeoutMs: 2_000, sweeps: false });
  const background = new Background();
  const under: Round[] = [];
  let began = 0;
  const rounds = new Rounds(
    { platform, durable, background, durableTimeoutMs: 2_000 },
    {
      work: 'revocation',
      everyMs: EVERY_MS,
      isEmpty: () => false,
      tryOnce: () => {
        began += 1;
        return new Promise((resolve, reject) => void under.push({ resolve, reject }));
      },
    },
  );
  return { platform, rounds, began: () => began, end: (error?: Error) => end(under.shift(), error) };
}

async function end(round: Round | undefined, error?: Error): Promise<void> {
  if (error === undefined) round?.resolve();
  else round?.reject(error);
  await settled();
}

describe('the rounds of a backlog', () => {
  it('run one at a time, and once more if one was asked for meanwhile', async () => {
    const { platform, rounds, began, end: endRound } = await backlog();
    rounds.schedule();
    await platform.advance(EVERY_MS);
    rounds.start();
    rounds.start();
    expect(began()).toBe(1);
    await endRound();
    expect(began()).toBe(2);
    await endRound();
    expect(began()).toBe(2);
    await platform.advance(EVERY_MS);
    expect(began()).toBe(3);
  });

  it('publish a failure once and pause, though several intervals passed while the round ran', async () => {
    const failures: unknown[] = [];
    const receive = (message: unknown): void => void failures.push(message);
    subscribe('holdfast:background-failure', receive);
    onTestFinished(() => void unsubscribe('holdfast:background-failure', receive));
    const { platform, rounds, began, end: endRound } = await backlog();
    rounds.schedule();
    await platform.advance(3 * EVERY_MS);
    await endRound(new Error('locked'));
    expect([failures.length, began()]).toEqual([1, 1]);
    await platform.advance(EVERY_MS);
    expect(began()).toBe(2);
  });

  it('end for a caller after a round that began no earlier than its call', async () => {
    const { rounds, began, end: endRound } = await backlog();
    const first = rounds.run();
    const second = rounds.run();
    let isDone = false;
    const done = second.then(() => (isDone = true));
    await endRound();
    expect([began(), isDone]).toEqual([2, false]);
    await endRound();
    await Promise.all([first, done]);
  });

  it('may be asked for after the intervals have stopped, for as long as their owner says', async () => {
    const { platform, rounds, began, end: endRound } = await backlog();
    rounds.schedule();
    rounds.stop(3 * EVERY_MS);
    await platform.advance(2 * EVERY_MS);
    expect([began(), rounds.isOver]).toEqual([0, false]);
    const asked = rounds.run();
    await endRound();
    await asked;
    expect(began()).toBe(1);
    await platform.advance(EVERY_MS);
    expect(rounds.isOver).toBe(true);
  });
});
