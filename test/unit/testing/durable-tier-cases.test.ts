import { durableTierCases, type DurableTierSubject } from 'holdfast/testing';
import { expect, it } from 'vitest';
import { memoryDurableTier, type MemoryDatabase } from '../../../src/tiers/memory/index.ts';
import { aroundDurable, type DurableMethod, type Method } from '../../support/durable-methods.ts';
import { subjectOn } from '../../support/memory-database.ts';

/** What a method returns that does nothing. */
const NOTHING: Readonly<Record<DurableMethod, unknown>> = {
  open: undefined,
  probe: 0,
  close: undefined,
  'sessions.insert': 'inserted',
  'sessions.read': null,
  'sessions.readState': null,
  'sessions.update': true,
  'sessions.regenerate': true,
  'sessions.touch': null,
  'sessions.revoke': null,
  'sessions.revokeMany': [],
  'sessions.listByUser': [],
  'sessions.findRegenerated': null,
  'feed.markDirty': undefined,
  'feed.read': { now: Date.now(), rows: [] },
  'feed.clear': 0,
  'fleet.raiseRing': { version: 1, fingerprint: Buffer.alloc(32) },
  'fleet.heartbeat': undefined,
  'fleet.read': { now: Date.now(), ring: null, nodes: [] },
  'fleet.forget': undefined,
  'upkeep.walk': { rows: [], next: null },
  'upkeep.moveUserKey': true,
  'upkeep.claimSweep': true,
  'upkeep.findEnded': { storageKeys: [], scanned: 0, next: null },
  'upkeep.removeEnded': 0,
};
/** Nothing can be seen of a tier in memory that is not closed, and a clock that stands still is waited for without end. */
const UNSEEN: readonly string[] = ['close', 'probe'];

function subjectWith(around: (name: DurableMethod, own: Method) => Method): DurableTierSubject {
  const rows: MemoryDatabase = new Map();
  return subjectOn(rows, () => aroundDurable(memoryDurableTier(rows), around));
}

/** Whether a case finds that the tier breaks a promise. */
async function isCaught(subject: DurableTierSubject): Promise<boolean> {
  for (const { run } of durableTierCases) {
    const caught = await run(subject).then(
      () => false,
      () => true,
    );
    if (caught) return true;
  }
  return false;
}

it('has a name of its own for each case', () => {
  expect(new Set(durableTierCases.map(({ name }) => name)).size).toBe(durableTierCases.length);
});

it('finds nothing wrong with the tier that is the specification', async () => {
  expect(await isCaught(subjectWith((_name, own) => own))).toBe(false);
});

it.each(Object.keys(NOTHING).filter((name) => !UNSEEN.includes(name)))(
  'catches a tier whose %s does nothing',
  async (name) => {
    const subject = subjectWith((each, own) => (each === name ? () => Promise.resolve(NOTHING[each]) : own));
    expect(await isCaught(subject)).toBe(true);
  },
);

it.each<[string, (name: DurableMethod, own: Method) => Method]>([
  ['forgets the write id of an update', (name, own) => (name === 'sessions.update' ? once(own) : own)],
  [
    'lets the earlier keys of a row fall',
    (name, own) => (name === 'sessions.findRegenerated' ? nothingSince(own) : own),
  ],
  ['repeats the last row of a page', (name, own) => (name === 'sessions.listByUser' ? withRepeat(own) : own)],
])('catches a tier that %s', async (_what, around) => {
  expect(await isCaught(subjectWith(around))).toBe(true);
});

/** Runs the same command only once. */
function once(own: Method): Method {
  const seen = new Set<unknown>();
  return async (command) => {
    if (seen.has(command)) return false;
    seen.add(command);
    return own(command);
  };
}

function nothingSince(own: Method): Method {
  return (key, since) => (since === 0 ? Promise.resolve(null) : own(key, since));
}

function withRepeat(own: Method): Method {
  return async (...args) => {
    const rows = (await own(...args)) as unknown[];
    return [...rows, ...rows.slice(-1)];
  };
}
