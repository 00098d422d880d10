import { describe, expect, it } from 'vitest';
import { cycle, inParallel } from '../../../bench/measure/in-parallel.ts';
import { ratio, runRounds } from '../../../bench/measure/rounds.ts';
import { runSlice, type Measurement, type Subject } from '../../../bench/measure/slice.ts';
import { median, percentileOfSorted } from '../../../bench/measure/statistics.ts';
import { figure, toMarkdown } from '../../../bench/report/table.ts';

const noServers = { redis: { pid: undefined }, postgres: { pid: undefined } };
const load = { callers: 2, ms: 20 };
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function subject(name: string, answer: () => boolean, log: string[] = []): Subject {
  return {
    name,
    prepare: async () => void log.push(name),
    async call() {
      await pause();
      return answer();
    },
  };
}

describe('statistics', () => {
  it('takes the middle of an odd number of values, and the mean of the two middle ones of an even number', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('takes the value below which the share lies', () => {
    const sorted = Array.from({ length: 100 }, (_, at) => at + 1);
    expect(percentileOfSorted(sorted, 0.5)).toBe(51);
    expect(percentileOfSorted(sorted, 0.99)).toBe(100);
  });
});

describe('a slice', () => {
  it('counts operations that went astray apart from those that failed', async () => {
    const answers = cycle([true, true, true, false, false, 'fails'] as const);
    const measured = await runSlice(
      subject('mixed', () => {
        const answer = answers();
        if (answer === 'fails') throw new Error('on purpose');
        return answer;
      }),
      load,
      noServers,
    );
    expect(measured.operations).toBeGreaterThan(36);
    expect(Math.abs(measured.failed - measured.operations / 6)).toBeLessThan(2);
    expect(Math.abs(measured.strays - measured.operations / 3)).toBeLessThan(2);
  });
});

describe('the CPU of a slice', () => {
  it('is that of the process that does the work, where the subject names one', async () => {
    const used = cycle([1_000_000, 3_000_000]);
    const server = { ...subject('server', () => true), cpu: async () => used() };
    const { operations, clientCpu } = await runSlice(server, load, noServers);
    expect(Math.round(operations * clientCpu)).toBe(2_000_000);
  });
});

describe('rounds', () => {
  it('give each subject the same slices, and turn the order around from round to round', async () => {
    const log: string[] = [];
    const subjects = ['a', 'b'].map((name) => subject(name, () => true, log));
    const results = await runRounds(subjects, { ...load, rounds: 2 }, noServers);
    expect(log.join('')).toBe('ababba');
    expect(results['a']).toHaveLength(2);
  });

  it('compare subjects within a round, not across rounds', () => {
    const rate = (perSecond: number): Measurement => ({ perSecond }) as Measurement;
    const results = { ours: [rate(10), rate(100), rate(30)], theirs: [rate(5), rate(50), rate(10)] };
    expect(ratio(results, 'ours', 'theirs')).toEqual({ median: 2, min: 2, max: 3 });
  });
});

describe('work in parallel', () => {
  it('keeps the order of its results and the number of its callers', async () => {
    let running = 0;
    let most = 0;
    const results = await inParallel([1, 2, 3, 4, 5], 2, async (n) => {
      most = Math.max(most, (running += 1));
      await pause();
      running -= 1;
      return n * n;
    });
    expect(results).toEqual([1, 4, 9, 16, 25]);
    expect(most).toBe(2);
  });
});

describe('a table', () => {
  it('shows figures with as many digits as they deserve', () => {
    expect([12_345.6, 45.67, 1.234, 3, Number.NaN].map(figure)).toEqual(['12,346', '45.7', '1.23', '3', '–']);
  });

  it('keeps its columns when a cell holds a bar', () => {
    expect(toMarkdown({ title: 'T', columns: ['a', 'b'], rows: [['x|y', 1]] })).toContain('| x\\|y | 1 |');
  });
});
