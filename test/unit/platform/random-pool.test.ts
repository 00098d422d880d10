import { beforeEach, describe, expect, it } from 'vitest';
import { RANDOM_POOL_BYTES } from '../../../src/limits/process.ts';
import { RandomPool } from '../../../src/platform/random-pool.ts';

/** What the pool draws from: the numbers from 1 on, so that it shows what came from where. */
let next: number;
let filled: Buffer[];
let endTurn: () => void;
let turnsAwaited: number;
let pool: RandomPool;

beforeEach(() => {
  next = 1;
  filled = [];
  turnsAwaited = 0;
  pool = new RandomPool({
    fill(bytes) {
      for (let at = 0; at < bytes.length; at += 2) bytes.writeUInt16BE(next++, at);
      filled.push(bytes);
    },
    afterTurn(callback) {
      turnsAwaited += 1;
      endTurn = callback;
    },
  });
});

function draw(length: number): number[] {
  const target = Buffer.alloc(length + 2, 0xff);
  pool.draw(target, 1, length);
  expect([target.at(0), target.at(-1)]).toEqual([0xff, 0xff]);
  return Array.from({ length: length / 2 }, (_, at) => target.readUInt16BE(1 + 2 * at));
}

describe('RandomPool', () => {
  it('returns no byte twice, within a turn and across turns', () => {
    const drawn: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      for (const length of [32, 24, 16, 8, 32, RANDOM_POOL_BYTES, 24]) drawn.push(...draw(length));
      endTurn();
    }
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(drawn).not.toContain(0);
  });

  it('fills the pool once per turn', () => {
    for (let n = 0; n < RANDOM_POOL_BYTES / 32; n += 1) draw(32);
    expect(filled).toHaveLength(1);
    draw(32);
    expect(filled).toHaveLength(2);
    expect(turnsAwaited).toBe(1);
  });

  it('wipes the bytes that it has returned', () => {
    draw(32);
    expect(filled[0]?.subarray(0, 32)).toEqual(Buffer.alloc(32));
  });

  it('is empty after the turn, and fills again in the next one', () => {
    const [first = 0] = draw(2);
    endTurn();
    expect(filled[0]).toEqual(Buffer.alloc(RANDOM_POOL_BYTES));
    expect(draw(2)).toEqual([first + RANDOM_POOL_BYTES / 2]);
    expect(turnsAwaited).toBe(2);
  });
});
