import { deepEqual, equal } from 'node:assert/strict';
import { MASTERS_CHARS_MAX, REPORTS_AGREE_MS } from '../../../limits/fleet.ts';
import type { DurableTier, NodeMark, RingMark } from '../../../tiers/durable.ts';
import { durableCases, type DurableTierCase } from '../bed.ts';
import { insertMany, randomBytes } from '../records.ts';

const LONG: string = 'main=0.0'.padEnd(MASTERS_CHARS_MAX, '0');

export const nameCases: readonly DurableTierCase[] = durableCases('fleet.nameMasters', {
  'changes the names only for a caller who has seen the present ones': async ({ tier }) => {
    await raise(tier);
    equal(await named(tier), null);
    equal(await tier.fleet.nameMasters('main=a.1', 'main=b.2'), false);
    equal(await tier.fleet.nameMasters('', 'main=b.2'), false);
    equal(await tier.fleet.nameMasters(null, 'main=a.1'), true);
    equal(await tier.fleet.nameMasters(null, 'main=b.2'), false);
    equal(await tier.fleet.nameMasters('main=A.1', 'main=b.2'), false);
    equal(await named(tier), 'main=a.1');
    equal(await tier.fleet.nameMasters('main=a.1', ''), true);
    equal(await tier.fleet.nameMasters(null, 'main=b.2'), false);
    equal(await tier.fleet.nameMasters('', LONG), true);
    equal(await named(tier), LONG);
  },

  'lets one of many concurrent callers win': async ({ tier }) => {
    await raise(tier);
    for (const seen of [null, 'main=0.0']) {
      const wins = await Promise.all(
        Array.from({ length: 20 }, (_, n) => tier.fleet.nameMasters(seen, seen === null ? 'main=0.0' : `main=${n}.1`)),
      );
      equal(wins.filter(Boolean).length, 1);
    }
  },

  'keeps names for each namespace, and none where no ring was raised': async ({ tier, open }) => {
    const other = await open();
    await raise(tier);
    equal(await tier.fleet.nameMasters(null, 'main=a.1'), true);
    equal(await other.fleet.nameMasters(null, 'main=b.2'), false);
    await raise(other);
    equal(await named(other), null);
    equal(await other.fleet.nameMasters(null, 'main=b.2'), true);
    equal(await other.fleet.nameMasters('main=b.2', 'main=c.3'), true);
    equal(await named(tier), 'main=a.1');
  },

  'leaves the ring alone, and a ring that is raised leaves the names alone': async ({ tier }) => {
    const ring = await raise(tier);
    await tier.fleet.nameMasters(null, 'main=a.1');
    deepEqual((await tier.fleet.read()).ring, ring);
    await tier.fleet.raiseRing({ version: 2, fingerprint: randomBytes(32) });
    equal(await named(tier), 'main=a.1');
  },

  'names what counts on each page of the feed, with marks or without': async ({ tier }) => {
    await raise(tier);
    equal((await tier.feed.read(0, 10)).masters, null);
    await tier.fleet.nameMasters(null, 'main=a.1');
    equal((await tier.feed.read(0, 10)).masters, 'main=a.1');
    for (const { storageKey } of await insertMany(tier, 2)) await tier.feed.markDirty(storageKey);
    const page = await tier.feed.read(0, 10);
    deepEqual([page.masters, page.rows.length], ['main=a.1', 2]);
  },
});

export const reportCases: readonly DurableTierCase[] = durableCases('the reports of nodes', {
  'are what the latest heartbeat of each carried': async ({ tier }) => {
    const [first, second] = [aNode(tier), aNode(tier)];
    await first('main=a');
    await second('');
    deepEqual(await reports(tier), ['', 'main=a']);
    await first(LONG);
    deepEqual(await reports(tier), ['', LONG].sort());
  },

  'are on a page of the feed where all nodes agree, byte by byte': async ({ tier, open }) => {
    const stranger = aNode(await open());
    const [first, second] = [aNode(tier), aNode(tier)];
    equal(await unanimous(tier), null);
    await first('main=a');
    equal(await unanimous(tier), 'main=a');
    await stranger('main=b');
    await second('main=A');
    equal(await unanimous(tier), null);
    await second('main=a');
    for (const { storageKey } of await insertMany(tier, 2)) await tier.feed.markDirty(storageKey);
    equal(await unanimous(tier), 'main=a');
    await first('');
    equal(await unanimous(tier), null);
    await second('');
    equal(await unanimous(tier), '');
    await tier.fleet.forget(Number.MAX_SAFE_INTEGER);
    equal(await unanimous(tier), null);
  },

  'do not include that of a node which was silent for long': async ({ tier, database, namespace }) => {
    const silent = aNode(tier);
    const mark = await silent('main=a');
    await database.see(namespace, mark, (await tier.probe()) - REPORTS_AGREE_MS - 1);
    equal(await unanimous(tier), null);
    await aNode(tier)('main=b');
    equal(await unanimous(tier), 'main=b');
    await database.see(namespace, mark, (await tier.probe()) - REPORTS_AGREE_MS / 2);
    equal(await unanimous(tier), null);
    deepEqual(await reports(tier), ['main=a', 'main=b']);
  },
});

/** Returns a new node's way to report. */
function aNode(tier: DurableTier): (masters: string) => Promise<NodeMark> {
  const nodeId = randomBytes(16);
  let beat = 0;
  return async (masters) => {
    beat += 1;
    const mark = { nodeId, beat, ringVersion: 1, masters };
    await tier.fleet.heartbeat(mark);
    return mark;
  };
}

function raise(tier: DurableTier): Promise<RingMark> {
  return tier.fleet.raiseRing({ version: 1, fingerprint: randomBytes(32) });
}

async function named(tier: DurableTier): Promise<string | null> {
  return (await tier.fleet.read()).masters;
}

async function reports(tier: DurableTier): Promise<string[]> {
  return (await tier.fleet.read()).nodes.map(({ masters }) => masters).sort();
}

async function unanimous(tier: DurableTier): Promise<string | null> {
  return (await tier.feed.read(0, 10)).report;
}
