import { describe, expect, it } from 'vitest';
import type { SessionRecord } from '../../../../src/session/session-record.ts';
import { worthOf, type ReadOptions } from '../../../../src/tiering/read/copy.ts';
import {
  decide,
  type Failed,
  type Feed,
  type Lack,
  type Step,
  type Unconfirmed,
  type Worth,
} from '../../../../src/tiering/read/decide.ts';
import type { Trust } from '../../../../src/tiering/trust/trust-floor.ts';

describe('what a read does next', () => {
  const lacks: Record<Lack, Step> = {
    tombstone: 'gone',
    absent: 'fill',
    unreadable: 'fill',
    hold: 'bypass',
    lease: 'bypass',
    unreached: 'bypass',
  };
  it.each(Object.entries(lacks))('%s: %s', (lack, step) => {
    expect(decide(lack as Lack)).toBe(step);
  });

  const steps: Record<Worth, Record<Feed, Record<Unconfirmed, string> & Record<Failed, string>>> = {
    ended: {
      fresh: { begun: 'gone', waited: 'gone', failed: 'gone', 'failed-down': 'gone', 'failed-long': 'gone' },
      late: { begun: 'gone', waited: 'gone', failed: 'gone', 'failed-down': 'gone', 'failed-long': 'gone' },
    },
    doubted: {
      fresh: { begun: 'confirm', waited: 'confirm', failed: 'fail', 'failed-down': 'fail', 'failed-long': 'fail' },
      late: { begun: 'confirm', waited: 'confirm', failed: 'fail', 'failed-down': 'fail', 'failed-long': 'fail' },
    },
    due: {
      fresh: { begun: 'confirm', waited: 'confirm', failed: 'fail', 'failed-down': 'alone', 'failed-long': 'fail' },
      late: { begun: 'confirm', waited: 'confirm', failed: 'alone', 'failed-down': 'alone', 'failed-long': 'fail' },
    },
    current: {
      fresh: { begun: 'serve', waited: 'serve', failed: 'fail', 'failed-down': 'alone', 'failed-long': 'fail' },
      late: { begun: 'wait', waited: 'confirm', failed: 'alone', 'failed-down': 'alone', 'failed-long': 'fail' },
    },
  };
  const rows = Object.entries(steps).flatMap(([worth, byFeed]) =>
    Object.entries(byFeed).flatMap(([feed, byProgress]) =>
      Object.entries(byProgress).map(([progress, step]) => [worth, feed, progress, step] as const),
    ),
  );
  it.each(rows)('a copy that is %s, the feed %s, the read %s: %s', (worth, feed, progress, step) => {
    expect(decide(worth as Worth, feed as Feed, progress as Unconfirmed)).toBe(step);
  });
});

describe('what a copy is worth', () => {
  const NOW = 1_000;
  type Row = readonly [
    absolute: 'alive' | 'ended',
    consistency: ReadOptions['consistency'],
    idle: 'alive' | 'idled',
    trust: Trust,
    worth: Worth,
  ];
  const rows: readonly Row[] = [
    ['alive', 'bounded', 'alive', 'current', 'current'],
    ['alive', 'bounded', 'alive', 'due', 'due'],
    ['alive', 'bounded', 'alive', 'foreign', 'doubted'],
    ['alive', 'bounded', 'idled', 'current', 'doubted'],
    ['alive', 'bounded', 'idled', 'due', 'doubted'],
    ['alive', 'bounded', 'idled', 'foreign', 'doubted'],
    ['alive', 'strong', 'alive', 'current', 'doubted'],
    ['alive', 'strong', 'alive', 'due', 'doubted'],
    ['alive', 'strong', 'alive', 'foreign', 'doubted'],
    ['alive', 'strong', 'idled', 'current', 'doubted'],
    ['alive', 'strong', 'idled', 'due', 'doubted'],
    ['alive', 'strong', 'idled', 'foreign', 'doubted'],
    ['ended', 'bounded', 'alive', 'current', 'ended'],
    ['ended', 'bounded', 'alive', 'due', 'ended'],
    ['ended', 'bounded', 'alive', 'foreign', 'ended'],
    ['ended', 'bounded', 'idled', 'current', 'ended'],
    ['ended', 'bounded', 'idled', 'due', 'ended'],
    ['ended', 'bounded', 'idled', 'foreign', 'ended'],
    ['ended', 'strong', 'alive', 'current', 'ended'],
    ['ended', 'strong', 'alive', 'due', 'ended'],
    ['ended', 'strong', 'alive', 'foreign', 'ended'],
    ['ended', 'strong', 'idled', 'current', 'ended'],
    ['ended', 'strong', 'idled', 'due', 'ended'],
    ['ended', 'strong', 'idled', 'foreign', 'ended'],
  ];
  it.each(rows)('absolutely %s, read %s, idly %s, its stamp %s: %s', (absolute, consistency, idle, trust, worth) => {
    expect(
      worthOf(copy(absolute === 'ended' ? NOW : NOW + 1, consistency, idle === 'idled' ? NOW - 1 : NOW), trust, NOW),
    ).toBe(worth);
  });

  function copy(absoluteExpiresAt: number, consistency: ReadOptions['consistency'], idleExpiresAt: number) {
    const storageKey = Buffer.alloc(32);
    const record: SessionRecord = {
      revision: 1,
      data: Buffer.alloc(0),
      userId: undefined,
      label: undefined,
      authenticatedAt: undefined,
      lineage: [],
      schemaVersion: 0,
      createdAt: 0,
      absoluteExpiresAt,
      idleLifetimeMs: 500,
    };
    const stamp = { incarnation: 'memory00', at: 0 };
    const value = {
      kind: 'value',
      revision: 1,
      stamp,
      lastSeenAt: 0,
      idleExpiresAt,
      envelope: Buffer.alloc(1),
    } as const;
    return { storageKey, value, record, options: { consistency, touch: true } };
  }
});
