import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../../src/tiering/single-flight.ts';
import { settled } from '../../support/fake-platform.ts';

function setUp() {
  const flights = new SingleFlight<number>();
  const reads: ((answer: number | Error) => void)[] = [];
  const read = () =>
    new Promise<number>((resolve, reject) => {
      reads.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
    });
  return { run: (key = 'a') => flights.run(key, read), reads };
}

describe('SingleFlight', () => {
  it('never lets a caller join a read that was issued before the caller came', async () => {
    const { run, reads } = setUp();
    const first = run();
    const second = run();
    expect(reads).toHaveLength(1);
    reads[0]?.(1);
    expect(await first).toBe(1);
    await settled();
    expect(reads).toHaveLength(2);
    reads[1]?.(2);
    expect(await second).toBe(2);
  });

  it('serves all who wait with one further read, however many they are', async () => {
    const { run, reads } = setUp();
    const first = run();
    const waiting = Array.from({ length: 100 }, () => run());
    reads[0]?.(1);
    await first;
    await settled();
    reads[1]?.(2);
    expect(await Promise.all(waiting)).toEqual(Array(100).fill(2));
    expect(reads).toHaveLength(2);
  });

  it('goes on after a failed read, which fails only those who shared it', async () => {
    const { run, reads } = setUp();
    const first = run();
    const second = run();
    reads[0]?.(new Error('lost'));
    await expect(first).rejects.toThrow('lost');
    await settled();
    reads[1]?.(2);
    expect(await second).toBe(2);
    const third = run();
    reads[2]?.(3);
    expect(await third).toBe(3);
  });

  it('keeps keys apart', () => {
    const { run, reads } = setUp();
    void run('a');
    void run('b');
    expect(reads).toHaveLength(2);
  });
});
