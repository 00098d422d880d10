import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemPlatform } from '../../src/platform/platform.ts';
import { envelopeTag } from '../../src/session/sealed-record.ts';
import type { TierContext } from '../../src/tiers/context.ts';
import type { NewValue, PrimaryEntry, PrimaryTier, PrimaryValue, RestampCommand } from '../../src/tiers/primary.ts';
import { until } from '../support/servers/until.ts';

export interface PrimaryServer {
  /** Another tier, not yet opened, on the same keys. */
  makeTier(): PrimaryTier;
  /** Two namespaces that the server allows and that nothing else uses. */
  readonly namespaces: readonly [string, string];
  close?(): Promise<void>;
}

const NOW = 1_764_000_000_000;
const MINUTE = 60_000;
/** Long enough to be met, short enough to be waited for. */
const SOON = 40;
const RACERS = 50;
/** The revision of the value that cells begin with. */
const REVISION = 5;

const KINDS = ['absent', 'value', 'hold', 'lease', 'tombstone'] as const;
type Kind = (typeof KINDS)[number];

/** Every promise of `PrimaryTier`, for anything that claims to be one. */
export function describePrimaryTier(name: string, openServer: () => Promise<PrimaryServer>): void {
  describe(`the primary tier contract: ${name}`, () => {
    let server: PrimaryServer;
    let tier: PrimaryTier;

    beforeAll(async () => {
      server = await openServer();
      tier = await opened(server);
    });

    afterAll(async () => {
      await tier?.close();
      await server?.close?.();
    });

    describe('open and close', () => {
      it('refuses everything before it was opened, and says that nothing was sent', async () => {
        const closed = server.makeTier();
        expect(closed.vantage()).toBeNull();
        expect(closed.failure()).toMatchObject({ kind: 'not-sent' });
        const notSent = { code: 'HOLDFAST_TIER_FAILURE', kind: 'not-sent' };
        await expect(closed.read(key())).rejects.toMatchObject(notSent);
        await expect(closed.hold(key())).rejects.toMatchObject(notSent);
        await expect(closed.probe()).rejects.toMatchObject(notSent);
      });

      it('answers a probe, and a probe changes nothing', async () => {
        const place = key();
        await put(tier, place, 'value');
        await expect(tier.probe()).resolves.toBeUndefined();
        expect(await summary(tier, place)).toBe(`value ${REVISION}`);
      });

      it('calls back when it comes to use and when it closes, and closes twice', async () => {
        const seen: boolean[] = [];
        const other = server.makeTier();
        await other.open(contextOf(server), () => seen.push(other.vantage() !== null));
        expect(seen).toEqual([true]);
        expect(other.failure()).toBeNull();
        await other.close();
        await other.close();
        expect(seen).toEqual([true, false]);
        await expect(other.read(key())).rejects.toMatchObject({ kind: 'not-sent' });
      });

      it('leaves the keys to others when it closes', async () => {
        const place = key();
        const other = await opened(server);
        await put(other, place, 'tombstone');
        await other.close();
        expect(await summary(tier, place)).toBe('tombstone');
      });

      it('keeps namespaces apart', async () => {
        const place = key();
        const other = await opened(server, 1);
        await put(tier, place, 'value');
        expect(await summary(other, place)).toBe('absent');
        await other.tombstone(place, MINUTE);
        expect(await summary(tier, place)).toBe(`value ${REVISION}`);
        await other.close();
      });
    });

    describe('the vantage', () => {
      it('holds the server’s time between two bounds in whole milliseconds, which never cross', async () => {
        for (let turn = 0; turn < 20; turn += 1) {
          await tier.hold(key());
          const { earliest, latest } = tier.vantage()!;
          expect(Number.isInteger(earliest) && Number.isInteger(latest)).toBe(true);
          expect(earliest).toBeLessThanOrEqual(latest);
          expect(latest - earliest).toBeLessThan(1_000);
        }
      });

      it('names the same incarnation to every tier of one server', async () => {
        const other = await opened(server);
        expect(other.vantage()!.incarnation).toBe(tier.vantage()!.incarnation);
        expect(other.vantage()!.incarnation).toMatch(/^[0-9A-Za-z]{8}$/);
        await other.close();
      });
    });

    describe('values', () => {
      it.each([0, 1, 800, 64 * 1024, 1024 * 1024])(
        'come back with an envelope of %i bytes byte for byte',
        async (length) => {
          const place = key();
          const value = aValue({ envelope: randomBytes(length) });
          await fill(tier, place, value);
          expect(await tier.read(place)).toEqual(asRead(value));
        },
      );

      it('come back with every byte value, line ends and zeros included', async () => {
        const place = key();
        const value = aValue({ envelope: Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256)) });
        await fill(tier, place, value);
        expect(await tier.read(place)).toEqual(asRead(value));
      });

      it('come back with large revisions and late times', async () => {
        const place = key();
        const value = aValue({ revision: 2 ** 49, lastSeenAt: 9_999_999_999_998, idleExpiresAt: 9_999_999_999_999 });
        await fill(tier, place, value);
        expect(await tier.read(place)).toEqual(asRead(value));
      });

      it('are nobody else’s, before and after', async () => {
        const place = key();
        const envelope = Buffer.from('as it was sealed');
        await fill(tier, place, aValue({ envelope }));
        envelope.fill(0);
        const first = await readValue(tier, place);
        expect(first.envelope.toString()).toBe('as it was sealed');
        first.envelope.fill(0);
        expect((await readValue(tier, place)).envelope.toString()).toBe('as it was sealed');
      });
    });

    describe('lease', () => {
      const outcomes = { absent: 'lease', value: null, hold: null, lease: null, tombstone: null };
      it.each(cells(outcomes))('of what was absent, meeting %s: %s', async (kind, after) => {
        const place = await prepared(tier, kind);
        expect(await tier.lease(place, 'mine', null)).toBe(after !== null);
        expect(await summary(tier, place)).toBe(after ?? summaryOf(kind));
      });

      const overOutcomes = { absent: 'lease', value: 'lease', hold: null, lease: null, tombstone: null };
      it.each(cells(overOutcomes))('over the value that was read, meeting %s: %s', async (kind, after) => {
        const place = await prepared(tier, kind);
        expect(await tier.lease(place, 'mine', asRead(aValue({})))).toBe(after !== null);
        expect(await summary(tier, place)).toBe(after ?? summaryOf(kind));
      });

      it.each<[string, Partial<NewValue>]>([
        ['revision', { revision: REVISION - 1 }],
        ['higher revision', { revision: REVISION + 1 }],
        ['incarnation', { stamp: { incarnation: 'another1', at: NOW } }],
        ['stamp', { stamp: { incarnation: 'thislife', at: NOW - 1 } }],
        ['last seen time', { lastSeenAt: NOW - 1 }],
        ['idle deadline', { idleExpiresAt: NOW - 1 }],
      ])('leaves a value that differs in its %s from what was read', async (_, difference) => {
        const place = await prepared(tier, 'value');
        expect(await tier.lease(place, 'mine', asRead(aValue(difference)))).toBe(false);
        expect(await summary(tier, place)).toBe(`value ${REVISION}`);
      });

      it('goes to one of many', async () => {
        const place = key();
        const taken = await Promise.all(
          Array.from({ length: RACERS }, (_, racer) => tier.lease(place, `racer${racer}`, null)),
        );
        expect(taken.filter(Boolean)).toHaveLength(1);
      });
    });

    describe('fill', () => {
      const outcomes = { absent: null, value: null, hold: null, lease: `value ${REVISION + 1}`, tombstone: null };
      it.each(cells(outcomes))('over the own lease, meeting %s: %s', async (kind, after) => {
        const place = await prepared(tier, kind);
        expect(await tier.fill(place, 'theirs', aValue({ revision: REVISION + 1 }))).toBe(after !== null);
        expect(await summary(tier, place)).toBe(after ?? summaryOf(kind));
      });

      it.each(['their', 'theirs2', 'mine'])('leaves the lease of another: %s', async (token) => {
        const place = await prepared(tier, 'lease');
        expect(await tier.fill(place, token, aValue({}))).toBe(false);
        expect(await summary(tier, place)).toBe('lease');
      });

      it('stores once: a repeat finds no lease', async () => {
        const place = await prepared(tier, 'lease');
        expect(await tier.fill(place, 'theirs', aValue({}))).toBe(true);
        expect(await tier.fill(place, 'theirs', aValue({ revision: REVISION + 1 }))).toBe(false);
        expect(await summary(tier, place)).toBe(`value ${REVISION}`);
      });
    });

    describe('publish', () => {
      const higher = { absent: null, value: `value ${REVISION + 1}`, hold: null, lease: null, tombstone: null };
      const broken = { lease: 'absent' };
      it.each(cells(higher, broken))('of a higher revision, meeting %s: %s', async (kind, after) => {
        const place = await prepared(tier, kind);
        expect(await tier.publish(place, aValue({ revision: REVISION + 1 }))).toBe(kind === 'value');
        expect(await summary(tier, place)).toBe(after ?? summaryOf(kind));
      });

      it('of a lower revision: nothing', async () => {
        const place = await prepared(tier, 'value');
        expect(await tier.publish(place, aValue({ revision: REVISION - 1, envelope: OTHER }))).toBe(false);
        expect(await tier.read(place)).toEqual(asRead(aValue({})));
      });

      it('of the same envelope: nothing, so that a later stamp stays', async () => {
        const place = await prepared(tier, 'value');
        await tier.restamp(place, aStamp({ lastSeenAt: NOW + 11 }));
        expect(await tier.publish(place, aValue({}))).toBe(false);
        expect(await tier.read(place)).toEqual(asRead(aValue({ lastSeenAt: NOW + 11 })));
      });

      it('of another envelope of the same revision: the database has lost the one that is there', async () => {
        const place = await prepared(tier, 'value');
        const branch = aValue({ envelope: OTHER, lastSeenAt: NOW - 1 });
        expect(await tier.publish(place, branch)).toBe(true);
        expect(await tier.read(place)).toEqual(asRead(branch));
      });

      it('orders revisions as numbers', async () => {
        const place = key();
        await fill(tier, place, aValue({ revision: 9 }));
        expect(await tier.publish(place, aValue({ revision: 10 }))).toBe(true);
        expect(await tier.publish(place, aValue({ revision: 9 }))).toBe(false);
        expect(await summary(tier, place)).toBe('value 10');
      });

      it('leaves the highest of many', async () => {
        const place = await prepared(tier, 'value');
        const revisions = Array.from({ length: RACERS }, (_, index) => REVISION + 1 + ((index * 7) % RACERS));
        await Promise.all(revisions.map((revision) => tier.publish(place, aValue({ revision }))));
        expect(await summary(tier, place)).toBe(`value ${REVISION + RACERS}`);
      });
    });

    describe('restamp', () => {
      it.each(KINDS)('of the same revision, meeting %s', async (kind) => {
        const place = await prepared(tier, kind);
        expect(await tier.restamp(place, aStamp({}))).toBe(kind === 'value');
        expect(await summary(tier, place)).toBe(summaryOf(kind));
      });

      it.each(KINDS)('of a higher revision, meeting %s: a value is stale and goes', async (kind) => {
        const place = await prepared(tier, kind);
        expect(await tier.restamp(place, aStamp({ revision: REVISION + 1 }))).toBe(false);
        expect(await summary(tier, place)).toBe(kind === 'value' ? 'absent' : summaryOf(kind));
      });

      it.each(KINDS)(
        'of another envelope of the same revision, meeting %s: a value is stale and goes',
        async (kind) => {
          const place = await prepared(tier, kind);
          expect(await tier.restamp(place, aStamp({ tag: envelopeTag(OTHER) }))).toBe(false);
          expect(await summary(tier, place)).toBe(kind === 'value' ? 'absent' : summaryOf(kind));
        },
      );

      it('of a lower revision leaves the value as it is', async () => {
        const place = await prepared(tier, 'value');
        const stamp = { incarnation: 'thislife', at: NOW + 10 };
        expect(await tier.restamp(place, aStamp({ revision: REVISION - 1, stamp }))).toBe(false);
        expect(await tier.read(place)).toEqual(asRead(aValue({})));
      });

      it('moves stamp and times forward, and neither revision nor envelope', async () => {
        const place = await prepared(tier, 'value');
        const later = {
          stamp: { incarnation: 'thislife', at: NOW + 10 },
          lastSeenAt: NOW + 11,
          idleExpiresAt: NOW + MINUTE + 12,
        };
        expect(await tier.restamp(place, aStamp(later))).toBe(true);
        expect(await tier.read(place)).toEqual(asRead(aValue(later)));
      });

      it('never moves them back within one incarnation, each by itself', async () => {
        const place = await prepared(tier, 'value');
        const mixed = {
          stamp: { incarnation: 'thislife', at: NOW - 10 },
          lastSeenAt: NOW + 11,
          idleExpiresAt: NOW - 12,
        };
        expect(await tier.restamp(place, aStamp(mixed))).toBe(true);
        expect(await tier.read(place)).toEqual(asRead(aValue({ lastSeenAt: NOW + 11 })));
      });

      it('takes the stamp of another incarnation as it is: clocks of two lives do not compare', async () => {
        const place = await prepared(tier, 'value');
        const stamp = { incarnation: 'nextlife', at: NOW - MINUTE };
        expect(await tier.restamp(place, aStamp({ stamp }))).toBe(true);
        expect(await tier.read(place)).toEqual(asRead(aValue({ stamp })));
      });

      it('replaces a stamp beyond the server’s present, as one that was given while its clock was ahead', async () => {
        const place = key();
        const { incarnation, earliest, latest } = tier.vantage()!;
        await fill(tier, place, aValue({ stamp: { incarnation, at: latest + 60 * MINUTE } }));
        const stamp = { incarnation, at: earliest };
        expect(await tier.restamp(place, aStamp({ stamp }))).toBe(true);
        expect(await tier.read(place)).toEqual(asRead(aValue({ stamp })));
      });

      it('prolongs the time to live', async () => {
        const place = key();
        const witness = key();
        await fill(tier, place, aValue({ ttlMs: SOON }));
        await tier.restamp(place, aStamp({ ttlMs: MINUTE }));
        await fill(tier, witness, aValue({ ttlMs: SOON }));
        await gone(tier, witness);
        expect(await summary(tier, place)).toBe(`value ${REVISION}`);
      });

      it('never shortens the time to live', async () => {
        const place = await prepared(tier, 'value');
        const witness = key();
        await tier.restamp(place, aStamp({ ttlMs: 1 }));
        await fill(tier, witness, aValue({ ttlMs: SOON }));
        await gone(tier, witness);
        expect(await summary(tier, place)).toBe(`value ${REVISION}`);
      });
    });

    describe('evict', () => {
      const outcomes = { absent: null, value: 'absent', hold: null, lease: 'absent', tombstone: null };
      it.each(cells(outcomes))('below a higher revision, meeting %s: %s', async (kind, after) => {
        const place = await prepared(tier, kind);
        await tier.evict(place, REVISION + 1);
        expect(await summary(tier, place)).toBe(after ?? summaryOf(kind));
      });

      it.each([REVISION, REVISION - 1])('below %i leaves revision 5', async (below) => {
        const place = await prepared(tier, 'value');
        await tier.evict(place, below);
        expect(await summary(tier, place)).toBe(`value ${REVISION}`);
      });
    });

    describe('hold', () => {
      it.each(KINDS)('meeting %s', async (kind) => {
        const place = await prepared(tier, kind);
        await tier.hold(place);
        expect(await summary(tier, place)).toBe(kind === 'tombstone' ? 'tombstone' : 'hold');
      });

      it('makes the fill of a reader who was under way come to nothing', async () => {
        const place = await prepared(tier, 'lease');
        await tier.hold(place);
        expect(await tier.fill(place, 'theirs', aValue({}))).toBe(false);
        expect(await summary(tier, place)).toBe('hold');
      });
    });

    describe('tombstone', () => {
      it.each(KINDS)('meeting %s', async (kind) => {
        const place = await prepared(tier, kind);
        await tier.tombstone(place, MINUTE);
        expect(await summary(tier, place)).toBe('tombstone');
      });

      it('refuses everything that would bring the session back', async () => {
        const place = await prepared(tier, 'tombstone');
        const value = aValue({ revision: REVISION + 1 });
        expect(await tier.lease(place, 'mine', null)).toBe(false);
        expect(await tier.lease(place, 'mine', asRead(aValue({})))).toBe(false);
        expect(await tier.fill(place, 'mine', value)).toBe(false);
        expect(await tier.publish(place, value)).toBe(false);
        expect(await tier.restamp(place, aStamp({}))).toBe(false);
        await tier.hold(place);
        await tier.evict(place, REVISION + 1);
        expect(await summary(tier, place)).toBe('tombstone');
      });

      it('keeps the longer of two times to live', async () => {
        const place = await prepared(tier, 'tombstone');
        const witness = key();
        await tier.tombstone(place, 1);
        await tier.tombstone(witness, SOON);
        await gone(tier, witness);
        expect(await summary(tier, place)).toBe('tombstone');
      });

      it('is prolonged by a longer one', async () => {
        const place = key();
        const witness = key();
        await tier.tombstone(place, SOON);
        await tier.tombstone(place, MINUTE);
        await tier.tombstone(witness, SOON);
        await gone(tier, witness);
        expect(await summary(tier, place)).toBe('tombstone');
      });
    });

    describe('times to live', () => {
      it('end values and tombstones', async () => {
        const [value, published, tombstone] = [key(), await prepared(tier, 'value'), key()];
        await fill(tier, value, aValue({ ttlMs: SOON }));
        await tier.publish(published, aValue({ revision: REVISION + 1, ttlMs: SOON }));
        await tier.tombstone(tombstone, SOON);
        for (const place of [value, published, tombstone]) await gone(tier, place);
      });

      it.each([0, -1, -MINUTE, 0.25])('of %d ms end at once, and are no error', async (ttlMs) => {
        const [filled, published, entombed] = [
          await prepared(tier, 'lease'),
          await prepared(tier, 'value'),
          await prepared(tier, 'value'),
        ];
        await tier.fill(filled, 'theirs', aValue({ ttlMs }));
        await tier.publish(published, aValue({ revision: REVISION + 1, ttlMs }));
        await tier.tombstone(entombed, ttlMs);
        await tier.restamp(await prepared(tier, 'value'), aStamp({ ttlMs }));
        for (const place of [filled, published, entombed]) await gone(tier, place);
      });

      it('may be as long as a year, and no whole number', async () => {
        const place = key();
        await fill(tier, place, aValue({ ttlMs: 366 * 24 * 60 * MINUTE + 0.5 }));
        expect(await summary(tier, place)).toBe(`value ${REVISION}`);
      });
    });
  });
}

async function opened(server: PrimaryServer, namespace: 0 | 1 = 0): Promise<PrimaryTier> {
  const tier = server.makeTier();
  await tier.open(contextOf(server, namespace), () => {});
  return tier;
}

function contextOf(server: PrimaryServer, namespace: 0 | 1 = 0): TierContext {
  return { namespace: server.namespaces[namespace], platform: systemPlatform, timeoutMs: 1_000 };
}

/** Longer than a tag, whose last bytes they are. */
const SEALED: Buffer = Buffer.from('a sealed session with its tag');
/** Differs in the last byte of its tag. */
const OTHER: Buffer = Buffer.from('a sealed session with its taf');
const key = (): Buffer => randomBytes(32);

function aValue(differences: Partial<NewValue>): NewValue {
  return {
    revision: REVISION,
    stamp: { incarnation: 'thislife', at: NOW },
    lastSeenAt: NOW,
    idleExpiresAt: NOW + MINUTE,
    envelope: SEALED,
    ttlMs: MINUTE,
    ...differences,
  };
}

function aStamp(differences: Partial<RestampCommand>): RestampCommand {
  const { envelope, ...value } = aValue({});
  return { ...value, tag: envelopeTag(envelope), ...differences };
}

function asRead({ revision, stamp, lastSeenAt, idleExpiresAt, envelope }: NewValue): PrimaryValue {
  return { kind: 'value', revision, stamp, lastSeenAt, idleExpiresAt, envelope };
}

async function fill(tier: PrimaryTier, place: Buffer, value: NewValue): Promise<void> {
  expect(await tier.lease(place, 'filler', null)).toBe(true);
  expect(await tier.fill(place, 'filler', value)).toBe(true);
}

async function put(tier: PrimaryTier, place: Buffer, kind: Kind): Promise<void> {
  if (kind === 'value') await fill(tier, place, aValue({}));
  else if (kind === 'hold') await tier.hold(place);
  else if (kind === 'lease') expect(await tier.lease(place, 'theirs', null)).toBe(true);
  else if (kind === 'tombstone') await tier.tombstone(place, MINUTE);
}

async function prepared(tier: PrimaryTier, kind: Kind): Promise<Buffer> {
  const place = key();
  await put(tier, place, kind);
  return place;
}

async function readValue(tier: PrimaryTier, place: Buffer): Promise<PrimaryValue> {
  const entry = await tier.read(place);
  if (entry.kind !== 'value') throw new Error(`expected a value, not ${entry.kind}`);
  return entry;
}

async function summary(tier: PrimaryTier, place: Buffer): Promise<string> {
  const entry: PrimaryEntry = await tier.read(place);
  return entry.kind === 'value' ? `value ${entry.revision}` : entry.kind;
}

const summaryOf = (kind: Kind): string => (kind === 'value' ? `value ${REVISION}` : kind);

/** A row a cell: what is met, and what stands there afterwards (null: the same as before). */
function cells(
  outcomes: Record<Kind, string | null>,
  more: Partial<Record<Kind, string>> = {},
): [Kind, string | null][] {
  return KINDS.map((kind) => [kind, more[kind] ?? outcomes[kind]]);
}

async function gone(tier: PrimaryTier, place: Buffer): Promise<void> {
  await until(async () => (await tier.read(place)).kind === 'absent', { what: 'the entry to end' });
}
