import { describe, expect, it } from 'vitest';
import { RevisionConflictError } from '../../../src/errors.ts';
import { UpdateQueue } from '../../../src/client/write/update-queue.ts';
import { FakePlatform, settled } from '../../support/fake-platform.ts';

const deferred = () => {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
};

describe('UpdateQueue', () => {
  it('runs the writes of one session one after another in the order of the calls', async () => {
    const queue = new UpdateQueue(new FakePlatform(), 5_000);
    const order: number[] = [];
    let running = 0;
    const write = (n: number) => async () => {
      running += 1;
      expect(running).toBe(1);
      await settled();
      order.push(n);
      running -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, (_, n) => queue.run('a', write(n))));
    expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  it('runs writes of different sessions side by side', async () => {
    const queue = new UpdateQueue(new FakePlatform(), 5_000);
    const gate = deferred();
    const first = queue.run('a', () => gate.promise);
    await queue.run('b', async () => undefined);
    gate.resolve();
    await first;
  });

  it('goes on after a write that failed', async () => {
    const queue = new UpdateQueue(new FakePlatform(), 5_000);
    const failing = queue.run('a', async () => {
      throw new Error('no');
    });
    const next = queue.run('a', async () => 'yes');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });

  it('gives up on a turn that does not come in time, and still keeps the others apart', async () => {
    const platform = new FakePlatform();
    const queue = new UpdateQueue(platform, 100);
    const gate = deferred();
    const events: string[] = [];
    const first = queue.run('a', async () => {
      await gate.promise;
      events.push('first ended');
    });
    const second = queue.run('a', async () => events.push('second ran'));
    const refused = expect(second).rejects.toBeInstanceOf(RevisionConflictError);
    await platform.advance(101);
    await refused;
    const third = queue.run('a', async () => events.push('third ran'));
    await settled();
    expect(events).toEqual([]);
    gate.resolve();
    await Promise.all([first, third]);
    expect(events).toEqual(['first ended', 'third ran']);
  });
});
