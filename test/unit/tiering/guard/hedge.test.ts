import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HEDGE_AFTER_MS } from '../../../../src/limits/primary-tier.ts';
import { COARSE_TICK_MS } from '../../../../src/limits/process.ts';
import { Hedge } from '../../../../src/tiering/guard/hedge.ts';
import { UNREACHED, type Unreached } from '../../../../src/tiering/guard/unreached.ts';
import { FakePlatform, settled } from '../../../support/fake-platform.ts';

const SLOW_MS = HEDGE_AFTER_MS + 2 * COARSE_TICK_MS;

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
let platform: FakePlatform;
let hedge: Hedge;
let givenUp: unknown[];

const giveUp = (error: unknown): Unreached => {
  givenUp.push(error);
  return UNREACHED;
};

beforeEach(() => {
  unhandled.length = 0;
  givenUp = [];
  process.on('unhandledRejection', note);
  platform = new FakePlatform();
  hedge = new Hedge(platform, { roundTrip: { hedgeAfterMs: HEDGE_AFTER_MS }, trip: () => {}, giveUp });
});
afterEach(() => process.off('unhandledRejection', note));

describe('a read with a hedge', () => {
  it('is what the first tier says, and the second is not asked, if that comes in time', async () => {
    const asked: string[] = [];
    const read = hedge.race(
      Promise.resolve('first'),
      (answer) => answer,
      async () => void asked.push('second'),
    );
    expect(await read).toBe('first');
    await platform.advance(SLOW_MS);
    expect(asked).toEqual([]);
  });

  it('is what the second tier says if the first is slow', async () => {
    const read = hedge.race(
      new Promise<string>(() => {}),
      (answer) => answer,
      async () => 'second',
    );
    await platform.advance(SLOW_MS);
    expect(await read).toBe('second');
  });

  it.each([
    ['throws', (): string => throwing()],
    ['rejects', (): Promise<string> => Promise.reject(new Error('late'))],
  ])('leaves nobody a failure to handle when what follows the first answer %s behind the second', async (_, use) => {
    let answerFirst = (_answer: string): void => {};
    const first = new Promise<string>((resolve) => (answerFirst = resolve));
    const read = hedge.race(first, use, async () => 'second');
    await platform.advance(SLOW_MS);
    expect(await read).toBe('second');
    answerFirst('first');
    await settled();
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  it('gives up a first tier that fails, and goes on as if that was not reached', async () => {
    const failure = new Error('away');
    const read = hedge.race(
      Promise.reject<string>(failure),
      (answer) => (answer === UNREACHED ? 'second, not asked yet' : answer),
      async () => 'second',
    );
    expect(await read).toBe('second, not asked yet');
    expect(givenUp).toEqual([failure]);
    await platform.advance(SLOW_MS);
    expect(platform.pendingTimers).toBe(0);
  });

  it('fails as what follows the first answer does', async () => {
    const read = hedge.race(Promise.resolve('first'), throwing, async () => 'second');
    await expect(read).rejects.toThrow('late');
    const alike = hedge.race(
      Promise.resolve('first'),
      () => Promise.reject(new Error('late')),
      async () => 'second',
    );
    await expect(alike).rejects.toThrow('late');
  });
});

function throwing(): never {
  throw new Error('late');
}
