import {
  durableTierCases,
  primaryTierCases,
  type ContractCase,
  type DurableTierSubject,
  type PrimaryTierSubject,
} from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { memoryDurableTier, type MemoryDatabase, type MemoryKeyspace } from '../../../src/tiers/memory/index.ts';
import { MemoryServer } from '../../../src/tiers/memory/memory-primary-tier.ts';
import { oneServerTier, type PrimaryServer } from '../../../src/tiers/one-server.ts';
import type { PrimaryTier } from '../../../src/tiers/primary.ts';
import { aroundDurable, type DurableMethod, type Method } from '../../support/durable-methods.ts';
import { subjectOn } from '../../support/memory-database.ts';

/** The answer of a method that does nothing. */
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
  'feed.read': { now: Date.now(), rows: [], masters: null, report: null },
  'feed.clear': 0,
  'fleet.raiseRing': { version: 1, fingerprint: Buffer.alloc(32) },
  'fleet.heartbeat': undefined,
  'fleet.read': { now: Date.now(), ring: null, masters: null, nodes: [] },
  'fleet.nameMasters': true,
  'fleet.forget': undefined,
  'upkeep.walk': { rows: [], next: null },
  'upkeep.moveUserKey': true,
  'upkeep.claimSweep': true,
  'upkeep.findEnded': { storageKeys: [], scanned: 0, next: null },
  'upkeep.removeEnded': 0,
};
/** The methods that are left out: a tier in memory need not be closed, and a stopped clock would be waited for without end. */
const UNSEEN: readonly string[] = ['close', 'probe'];

function subjectWith(around: (name: DurableMethod, own: Method) => Method): DurableTierSubject {
  const rows: MemoryDatabase = new Map();
  return subjectOn(rows, () => aroundDurable(memoryDurableTier(rows), around));
}

function primaryWith(changes: Partial<PrimaryServer>): PrimaryTierSubject {
  const keyspace: MemoryKeyspace = new Map();
  const makeTier = (): PrimaryTier => {
    const server = new MemoryServer(keyspace);
    const changed = new Proxy(server, {
      get(target, name) {
        const member: unknown = Reflect.get(Object.hasOwn(changes, name) ? changes : target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    return oneServerTier('memory', changed);
  };
  return { makeTier, namespaces: ['shop', 'blog'] };
}

/** Resolves with whether a case finds that the tier breaks a promise. */
async function isCaught<Subject>(cases: readonly ContractCase<Subject>[], subject: Subject): Promise<boolean> {
  for (const { run } of cases) {
    const caught = await run(subject).then(
      () => false,
      () => true,
    );
    if (caught) return true;
  }
  return false;
}

it('has a name of its own for each case', () => {
  for (const cases of [durableTierCases, primaryTierCases]) {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  }
});

describe('the cases of the durable contract', () => {
  const caught = (around: (name: DurableMethod, own: Method) => Method): Promise<boolean> =>
    isCaught(durableTierCases, subjectWith(around));

  it('find nothing wrong with the tier that is the specification', async () => {
    expect(await caught((_name, own) => own)).toBe(false);
  });

  it.each(Object.keys(NOTHING).filter((name) => !UNSEEN.includes(name)))(
    'catch a tier whose %s does nothing',
    async (name) => {
      expect(await caught((each, own) => (each === name ? () => Promise.resolve(NOTHING[each]) : own))).toBe(true);
    },
  );

  it.each<[string, (name: DurableMethod, own: Method) => Method]>([
    ['forgets the write id of an update', (name, own) => (name === 'sessions.update' ? once(own) : own)],
    ['loses the earlier keys of a row', (name, own) => (name === 'sessions.findRegenerated' ? nothingSince(own) : own)],
    ['repeats the last row of a page', (name, own) => (name === 'sessions.listByUser' ? withRepeat(own) : own)],
  ])('catch a tier that %s', async (_what, around) => {
    expect(await caught(around)).toBe(true);
  });
});

describe('the cases of the primary contract', () => {
  const nothing = () => Promise.resolve();
  const yes = () => Promise.resolve(true);

  it('find nothing wrong with the tier that is the specification', async () => {
    expect(await isCaught(primaryTierCases, primaryWith({}))).toBe(false);
  });

  it.each<[string, Partial<PrimaryServer>]>([
    ['vantage', { vantage: () => null }],
    ['failure', { failure: () => null }],
    ['read', { read: () => Promise.resolve({ kind: 'absent' }) }],
    ['lease', { lease: yes }],
    ['fill', { fill: yes }],
    ['publish', { publish: yes }],
    ['restamp', { restamp: yes }],
    ['evict', { evict: nothing }],
    ['hold', { hold: nothing }],
    ['tombstone', { tombstone: nothing }],
    ['close', { close: nothing }],
  ])('catch a tier whose %s does nothing', async (_name, changes) => {
    expect(await isCaught(primaryTierCases, primaryWith(changes))).toBe(true);
  });
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
