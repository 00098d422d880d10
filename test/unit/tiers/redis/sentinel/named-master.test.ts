import { describe, expect, it } from 'vitest';
import { nextMaster, type NamedMaster } from '../../../../../src/tiers/redis/sentinel/named-master.ts';

const a = (epoch: number): NamedMaster => ({ host: '10.0.0.1', port: 6379, epoch });
const b = (epoch: number): NamedMaster => ({ host: '10.0.0.2', port: 6379, epoch });
const inUse = (known: NamedMaster | null) => ({ known, sentinels: 3, isServed: true });
const away = (known: NamedMaster | null) => ({ known, sentinels: 3, isServed: false });

describe('the master among the answers of a round', () => {
  it('is that of the highest epoch, in whatever order they answer and however few know it', () => {
    expect(nextMaster([a(3), a(3), b(4)], away(null))).toEqual(b(4));
    expect(nextMaster([b(4), a(3), a(3)], inUse(a(3)))).toEqual(b(4));
  });

  it('is another address of the same epoch, once most name it', () => {
    expect(nextMaster([b(0), b(0), a(0)], inUse(a(0)))).toEqual(b(0));
    expect(nextMaster([b(0)], inUse(a(0)))).toEqual(b(0));
  });

  it('is the known one where as many name another of the same epoch', () => {
    expect(nextMaster([b(0), a(0)], inUse(a(0)))).toEqual(a(0));
    expect(nextMaster([a(0), b(0)], inUse(b(0)))).toEqual(b(0));
  });

  it('is the known one while nobody answers', () => {
    expect(nextMaster([], inUse(b(4)))).toEqual(b(4));
    expect(nextMaster([], away(b(4)))).toEqual(b(4));
    expect(nextMaster([], away(null))).toBeNull();
  });

  it('is not the one of a Sentinel that missed a fail-over', () => {
    expect(nextMaster([a(3)], inUse(b(4)))).toEqual(b(4));
    expect(nextMaster([a(3), b(4)], inUse(b(4)))).toEqual(b(4));
  });

  it('is the one of Sentinels that were made anew and count from 0, if more than half say so', () => {
    expect(nextMaster([a(0), a(0)], inUse(b(4)))).toEqual(a(0));
    expect(nextMaster([a(0), a(0), b(4)], inUse(b(4)))).toEqual(b(4));
    expect(nextMaster([a(0), a(0)], { ...inUse(b(4)), sentinels: 4 })).toEqual(b(4));
  });

  it('is the one of any Sentinel while there is no server to lose', () => {
    expect(nextMaster([a(3)], away(b(4)))).toEqual(a(3));
  });

  it('has the epoch of the answer, so that what comes after is compared with that', () => {
    expect(nextMaster([b(5)], inUse(b(4)))).toEqual(b(5));
    expect(nextMaster([b(0), b(0)], inUse(b(4)))).toEqual(b(0));
  });

  it('differs by its port as well', () => {
    expect(nextMaster([{ ...a(1), port: 6380 }], inUse(a(1)))).toEqual({ ...a(1), port: 6380 });
  });
});
