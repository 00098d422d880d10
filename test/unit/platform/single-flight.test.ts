import { describe, expect, it } from 'vitest';
import { SingleFlight } from '../../../src/platform/single-flight.ts';
import { settled } from '../../support/fake-platform.ts';

function setUp() {
  const flights = new SingleFlight<number>();
  const reads: ((answer: number | Error) => void)[] = [];
  const sends: (() => void)[] = [];
  const answered = () =>
    new Promise<number>((resolve, reject) => {
      reads.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
    });
  const sentAtOnce = (onSend: () => void) => {
    onSend();
    return answered();
  };
  const sentLater = (onSend: () => void) => {
    sends.push(onSend);
    return answered();
  };
  return {
    run: (key = 'a') => flights.run(key, sentAtOnce),
    queue: (key = 'a') => flights.run(key, sentLater),
    reads,
    sends,
  };
}

describe('SingleFlight', () => {
  it('lets no caller join a read that was sent before its call', async () => {
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

  it('serves all waiting callers with one further read', async () => {
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

  it('lets callers join a read that still waits for room, until it is sent', async () => {
    const { queue, reads, sends } = setUp();
    const first = queue();
    const joined = queue();
    expect(reads).toHaveLength(1);
    sends[0]?.();
    const late = queue();
    reads[0]?.(1);
    expect(await Promise.all([first, joined])).toEqual([1, 1]);
    await settled();
    expect(reads).toHaveLength(2);
    reads[1]?.(2);
    expect(await late).toBe(2);
  });

  it('continues after a failed read, which fails only the callers that shared it', async () => {
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
