import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENVELOPE_TAG_BYTES } from '../../src/limits/codec.ts';
import { systemPlatform } from '../../src/platform/platform.ts';
import type { SealedRecord } from '../../src/session/sealed-record.ts';
import type {
  DirtyRow,
  DurableTier,
  FeedPosition,
  InsertCommand,
  RevokeCommand,
  RevokeManyCommand,
  TouchCommand,
  UpdateCommand,
} from '../../src/tiers/durable.ts';
import { revokedRows } from '../support/durable-commands.ts';

export interface DurableDatabase {
  /** Another tier, not yet opened, on the same rows. */
  makeTier(): DurableTier;
  /** Writes a mark past the tier: clocks of databases do as they like when a standby takes over. */
  mark(storageKey: Buffer, dirtyAt: number): Promise<void>;
  close?(): Promise<void>;
}

const NOW = 1_764_000_000_000;
const HOUR = 3_600_000;
const START = Buffer.alloc(0);
/** Enough for every race to be one, and few enough for the smallest machine's connections. */
const RACERS = 100;

/** Every promise of `DurableTier`, for anything that claims to be one. */
export function describeDurableTier(name: string, openDatabase: () => Promise<DurableDatabase>): void {
  describe(`the durable tier contract: ${name}`, () => {
    let database: DurableDatabase;
    let tier: DurableTier;

    beforeAll(async () => {
      database = await openDatabase();
      tier = await inNamespace(database, 'shop');
    });

    afterAll(async () => {
      await tier?.close();
      await database?.close?.();
    });

    describe('open and close', () => {
      it('refuses everything before it was opened, and says that nothing was sent', async () => {
        const closed = database.makeTier();
        await expect(closed.sessions.read(key())).rejects.toMatchObject({
          code: 'HOLDFAST_TIER_FAILURE',
          kind: 'not-sent',
        });
        await expect(closed.sessions.insert(insertion(aRecord()))).rejects.toMatchObject({ kind: 'not-sent' });
      });

      it('answers a probe with its clock', async () => {
        const first = await tier.probe();
        expect(Number.isSafeInteger(first)).toBe(true);
        // The database of a test runs on the same machine.
        expect(Math.abs(first - systemPlatform.now())).toBeLessThan(HOUR);
        const later = await whenItIsLater(tier, first);
        expect(later - first).toBeLessThan(HOUR);
      });

      it('leaves the rows and the connections to others when it closes', async () => {
        const other = await inNamespace(database, 'shop');
        const record = await insert(other);
        await other.close();
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
      });
    });

    describe('insert and read', () => {
      it.each([1, 800, 64 * 1024, 1024 * 1024])('gives back an envelope of %i bytes byte for byte', async (length) => {
        const record = await insert(tier, { envelope: randomBytes(length) });
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
      });

      describe('of an envelope that is known', () => {
        /** Another one that ends as this one does: what comes back shows which of the two travelled. */
        const endingAs = (envelope: Buffer) => Buffer.concat([randomBytes(32), envelope.subarray(-ENVELOPE_TAG_BYTES)]);
        const read = ({ storageKey }: SealedRecord, known: Buffer) => tier.sessions.read(storageKey, known);

        it('answers the known one, and everything else as ever', async () => {
          const record = await insert(tier, { userKey: null, envelope: randomBytes(800) });
          const known = endingAs(record.envelope);
          expect(await read(record, known)).toEqual({ ...record, envelope: known });
          const next = successor(record);
          await tier.sessions.update(write(next));
          expect(await read(record, known)).toEqual(next);
        });

        it('sends the envelope if it is another one, or shorter than an authenticator', async () => {
          const record = await insert(tier, { envelope: randomBytes(800) });
          const almost = Buffer.from(record.envelope);
          almost.writeUInt8(almost.at(-ENVELOPE_TAG_BYTES)! ^ 1, almost.length - ENVELOPE_TAG_BYTES);
          for (const known of [almost, randomBytes(800), Buffer.alloc(0), record.envelope.subarray(-15)]) {
            expect(await read(record, known)).toEqual(record);
          }
          const short = await insert(tier, { envelope: randomBytes(3) });
          expect(await read(short, endingAs(short.envelope))).toEqual(short);
        });

        it('is of nothing that is revoked', async () => {
          const record = await insert(tier);
          await tier.sessions.revoke(revocation(record.storageKey));
          expect(await read(record, record.envelope)).toBeNull();
          expect(await read(record, Buffer.alloc(ENVELOPE_TAG_BYTES))).toBeNull();
        });

        it('tells many that ask together which of theirs are the same', async () => {
          const records = await Promise.all(
            Array.from({ length: 40 }, () => insert(tier, { envelope: randomBytes(80) })),
          );
          const known = records.map(({ envelope }, index) => {
            if (index % 4 === 0) return undefined;
            // One that another row has is not the own one.
            return endingAs(index % 4 === 1 ? records[index - 1]!.envelope : envelope);
          });
          const answers = await Promise.all(
            records.map(({ storageKey }, index) => tier.sessions.read(storageKey, known[index])),
          );
          const expected = records.map((record, index) =>
            index % 4 < 2 ? record : { ...record, envelope: known[index] ?? record.envelope },
          );
          expect(answers).toEqual(expected);
        });
      });

      it('gives back every byte value, zeros and quotes included', async () => {
        const envelope = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256));
        const { storageKey } = await insert(tier, { envelope });
        expect((await tier.sessions.read(storageKey))?.envelope).toEqual(envelope);
      });

      it('gives back a session without a user', async () => {
        const record = await insert(tier, { userKey: null });
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
      });

      it('gives back numbers up to the last safe one', async () => {
        const record = await insert(tier, { revision: 2 ** 40, absoluteExpiresAt: Number.MAX_SAFE_INTEGER });
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
      });

      it('hands out Buffers that are nobody else’s', async () => {
        const record = await insert(tier);
        const read = await tier.sessions.read(record.storageKey);
        expect(Buffer.isBuffer(read?.envelope)).toBe(true);
        read?.envelope.fill(0);
        read?.storageKey.fill(0);
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
      });

      it('knows nothing of a key that nobody inserted', async () => {
        expect(await tier.sessions.read(key())).toBeNull();
        expect(await tier.sessions.readState(key())).toBeNull();
      });

      it('reads the state without the envelope', async () => {
        const { storageKey, ...rest } = await insert(tier);
        const { userKey: _user, envelope, createdAt: _created, idleLifetimeMs: _idle, ...state } = rest;
        expect(await tier.sessions.readState(storageKey)).toEqual({
          ...state,
          tag: envelope.subarray(-ENVELOPE_TAG_BYTES),
        });
      });

      it('reads a row whatever its deadlines say: judging them is not its business', async () => {
        const record = await insert(tier, { idleExpiresAt: 1, absoluteExpiresAt: 1 });
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
        expect(await tier.sessions.readState(record.storageKey)).not.toBeNull();
      });

      it('refuses a key that is taken and leaves the row as it is', async () => {
        const record = await insert(tier);
        const rival = aRecord({ storageKey: record.storageKey, userKey: null });
        expect(await tier.sessions.insert(insertion(rival))).toBe('taken');
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
      });

      it('finds itself when it is sent again, whatever its deadline, and not once the row was written to', async () => {
        const command = insertion(aRecord());
        expect(await tier.sessions.insert(command)).toBe('inserted');
        expect(await tier.sessions.insert({ ...command, validUntil: (await tier.probe()) - 1 })).toBe('inserted');
        expect(await tier.sessions.read(command.record.storageKey)).toEqual(command.record);
        await tier.sessions.update(write(successor(command.record)));
        expect(await tier.sessions.insert(command)).toBe('taken');
      });

      it('calls a session ended whose deadline lies before the time that it is given', async () => {
        const idle = await insert(tier, { idleExpiresAt: NOW, absoluteExpiresAt: NOW + HOUR });
        const absolute = await insert(tier, { idleExpiresAt: NOW + HOUR, absoluteExpiresAt: NOW + 1 });
        for (const { storageKey } of [idle, absolute]) {
          const rival = insertion(aRecord({ storageKey }));
          expect(await tier.sessions.insert({ ...rival, aliveAt: NOW })).toBe('taken');
          expect(await tier.sessions.insert({ ...rival, aliveAt: NOW + 1 })).toBe('ended');
        }
        expect(await tier.sessions.read(idle.storageKey)).toEqual(idle);
      });

      it('refuses the key of a session of another namespace: a storage key is one session’s everywhere', async () => {
        const { storageKey } = await insert(tier);
        const other = await inNamespace(database, 'insert-elsewhere');
        expect(await other.sessions.insert(insertion(aRecord({ storageKey })))).toBe('taken');
        expect(await other.sessions.read(storageKey)).toBeNull();
      });

      it('lets one of many racing inserts of one key win', async () => {
        const storageKey = key();
        const rivals = Array.from({ length: RACERS }, () => aRecord({ storageKey }));
        const won = await Promise.all(rivals.map((rival) => tier.sessions.insert(insertion(rival))));
        expect(won.filter((outcome) => outcome === 'inserted')).toHaveLength(1);
        expect(won.filter((outcome) => outcome === 'taken')).toHaveLength(RACERS - 1);
        expect(await tier.sessions.read(storageKey)).toEqual(rivals[won.indexOf('inserted')]);
      });

      it('refuses the key of a revoked session: an id has one life', async () => {
        const { storageKey } = await insert(tier);
        await tier.sessions.revoke(revocation(storageKey));
        expect(await tier.sessions.insert(insertion(aRecord({ storageKey })))).toBe('ended');
        expect(await tier.sessions.read(storageKey)).toBeNull();
      });
    });

    describe('update', () => {
      it('replaces what a write may replace, and nothing else', async () => {
        const record = await insert(tier);
        const next = successor(record, { userKey: key(), createdAt: 5, absoluteExpiresAt: NOW + 999 * HOUR });
        expect(await tier.sessions.update(write(next))).toBe(true);
        expect(await tier.sessions.read(record.storageKey)).toEqual(next);
      });

      it.each([
        ['longer', { idleLifetimeMs: 9 * HOUR, idleExpiresAt: NOW + 1 + 9 * HOUR, absoluteExpiresAt: NOW + 99 * HOUR }],
        ['shorter', { idleLifetimeMs: 5, idleExpiresAt: NOW + 6, absoluteExpiresAt: NOW + 7 }],
        ['no longer than its absolute one', { idleExpiresAt: NOW + 7, absoluteExpiresAt: NOW + 7 }],
      ])('gives a session a %s life, alone and among others', async (_, times) => {
        const [alone, ...records] = await insertMany(tier, 12);
        const changed = records.map((record, index) => successor(record, index % 2 === 0 ? times : {}));
        const only = successor(alone!, times);
        expect(await tier.sessions.update(write(only))).toBe(true);
        expect(await Promise.all(changed.map((record) => tier.sessions.update(write(record))))).toEqual(
          changed.map(() => true),
        );
        const rows = await Promise.all([only, ...changed].map(({ storageKey }) => tier.sessions.read(storageKey)));
        expect(rows).toEqual([only, ...changed]);
      });

      it('takes a user away', async () => {
        const record = await insert(tier);
        expect(await tier.sessions.update(write(successor(record, { userKey: null })))).toBe(true);
        expect((await tier.sessions.read(record.storageKey))?.userKey).toBeNull();
      });

      it.each([-1, 0, 2, 3])('changes nothing when the revision is off by %i', async (step) => {
        const record = await insert(tier, { revision: 7 });
        expect(await tier.sessions.update(write({ ...successor(record), revision: 7 + step }))).toBe(false);
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
      });

      it('replaces only the envelope that the caller has read, alone and among others', async () => {
        const records = await insertMany(tier, 12);
        const read = ({ envelope }: SealedRecord) => envelope.subarray(-ENVELOPE_TAG_BYTES);
        const [alone, moving, ...others] = records;
        for (const record of [alone!, moving!]) {
          const lost = { ...write(successor(record)), replaces: randomBytes(ENVELOPE_TAG_BYTES) };
          expect(await tier.sessions.update(lost)).toBe(false);
        }
        expect(await tier.sessions.regenerate({ ...move(moving!), replaces: randomBytes(ENVELOPE_TAG_BYTES) })).toBe(
          false,
        );
        expect(await tier.sessions.read(moving!.storageKey)).toEqual(moving);
        expect(await tier.sessions.regenerate({ ...move(moving!), replaces: read(moving!) })).toBe(true);
        const commands = others.map((record, index) => ({
          ...write(successor(record)),
          replaces: [read(record), randomBytes(ENVELOPE_TAG_BYTES), null][index % 3]!,
        }));
        const wins = commands.map((_, index) => index % 3 !== 1);
        expect(await Promise.all(commands.map((command) => tier.sessions.update(command)))).toEqual(wins);
        // A repeat finds itself, although what it replaced is gone.
        expect(await Promise.all(commands.map((command) => tier.sessions.update(command)))).toEqual(wins);
        const command = { ...write(successor(alone!)), replaces: read(alone!) };
        expect(await tier.sessions.update(command)).toBe(true);
        expect(await tier.sessions.update(command)).toBe(true);
      });

      it('never inserts', async () => {
        const record = aRecord();
        expect(await tier.sessions.update(write(record))).toBe(false);
        expect(await tier.sessions.update(write({ ...record, revision: 0 }))).toBe(false);
        expect(await tier.sessions.read(record.storageKey)).toBeNull();
      });

      it('answers the same write twice, so that a lost answer can be asked for again', async () => {
        const record = await insert(tier);
        const command = write(successor(record));
        expect(await tier.sessions.update(command)).toBe(true);
        expect(await tier.sessions.update(command)).toBe(true);
        expect(await tier.sessions.read(record.storageKey)).toEqual(command.record);
        expect(await tier.sessions.update({ ...command, writeId: writeId() })).toBe(false);
      });

      it('does not mistake an overwritten write for one that stands', async () => {
        const record = await insert(tier);
        const first = write(successor(record));
        await tier.sessions.update(first);
        await tier.sessions.update(write(successor(first.record)));
        expect(await tier.sessions.update(first)).toBe(false);
      });

      it('moves times forward only, where the idle lifetime stays', async () => {
        const record = await insert(tier);
        const earlier = { lastSeenAt: record.lastSeenAt - 1, idleExpiresAt: record.idleExpiresAt - 1 };
        const next = successor(record, earlier);
        expect(next.idleLifetimeMs).toBe(record.idleLifetimeMs);
        expect(await tier.sessions.update(write(next))).toBe(true);
        const { lastSeenAt, idleExpiresAt } = record;
        expect(await tier.sessions.read(record.storageKey)).toEqual({ ...next, lastSeenAt, idleExpiresAt });
      });

      it('lets exactly one of 100 updates of one revision win', async () => {
        const record = await insert(tier);
        const rivals = Array.from({ length: RACERS }, () => write(successor(record)));
        const won = await Promise.all(rivals.map((rival) => tier.sessions.update(rival)));
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(await tier.sessions.read(record.storageKey)).toEqual(rivals[won.indexOf(true)]?.record);
      });

      it('loses no update among many that re-read when they lose', async () => {
        const { storageKey } = await insert(tier);
        const increment = async (): Promise<void> => {
          for (;;) {
            const current = await tier.sessions.read(storageKey);
            if (current && (await tier.sessions.update(write(successor(current))))) return;
          }
        };
        await Promise.all(Array.from({ length: 20 }, increment));
        expect((await tier.sessions.readState(storageKey))?.revision).toBe(21);
      });
    });

    describe('deadlines', () => {
      const idle = { idleExpiresAt: NOW, absoluteExpiresAt: NOW + HOUR };
      const absolute = { idleExpiresAt: NOW + HOUR, absoluteExpiresAt: NOW };

      it('takes a row as alive up to and including its idle deadline', async () => {
        const record = await insert(tier, idle);
        expect(await tier.sessions.update({ ...write(successor(record)), aliveAt: NOW + 1 })).toBe(false);
        expect(await tier.sessions.touch({ ...touchOf(record), aliveAt: NOW + 1 })).toBeNull();
        expect(await tier.sessions.regenerate({ ...move(record), aliveAt: NOW + 1 })).toBe(false);
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
        expect(await tier.sessions.touch({ ...touchOf(record), lastSeenAt: 0, aliveAt: NOW })).not.toBeNull();
        expect(await tier.sessions.update({ ...write(successor(record)), aliveAt: NOW })).toBe(true);
      });

      it('takes a row as dead from its absolute deadline on', async () => {
        const record = await insert(tier, absolute);
        expect(await tier.sessions.update({ ...write(successor(record)), aliveAt: NOW })).toBe(false);
        expect(await tier.sessions.touch({ ...touchOf(record), aliveAt: NOW })).toBeNull();
        expect(await tier.sessions.regenerate({ ...move(record), aliveAt: NOW })).toBe(false);
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
        expect(await tier.sessions.touch({ ...touchOf(record), aliveAt: NOW - 1 })).not.toBeNull();
        expect(await tier.sessions.update({ ...write(successor(record)), aliveAt: NOW - 1 })).toBe(true);
      });

      it('revokes a row that expired long ago', async () => {
        const { storageKey } = await insert(tier, { idleExpiresAt: 1, absoluteExpiresAt: 2 });
        expect(await tier.sessions.revoke(revocation(storageKey))).toEqual({
          storageKey,
          idleExpiresAt: 1,
          absoluteExpiresAt: 2,
          hasMoved: false,
        });
      });
    });

    describe('touch', () => {
      it('moves the times, and neither data nor revision', async () => {
        const record = await insert(tier);
        const times = { lastSeenAt: record.lastSeenAt + 7, idleExpiresAt: record.idleExpiresAt + 7 };
        const { revision, envelope, keyId, absoluteExpiresAt } = record;
        const tag = envelope.subarray(-ENVELOPE_TAG_BYTES);
        const state = { revision, tag, keyId, absoluteExpiresAt, ...times };
        expect(await tier.sessions.touch({ ...touchOf(record), lastSeenAt: times.lastSeenAt })).toEqual(state);
        expect(await tier.sessions.read(record.storageKey)).toEqual({ ...record, ...times });
      });

      it('never moves a time back, and answers what is stored', async () => {
        const record = await insert(tier);
        const { lastSeenAt, idleExpiresAt } = record;
        const earlier = { ...touchOf(record), lastSeenAt: lastSeenAt - 7 };
        expect(await tier.sessions.touch(earlier)).toMatchObject({ lastSeenAt, idleExpiresAt });
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
      });

      it('ends at the latest time of many at once', async () => {
        const record = await insert(tier);
        const steps = Array.from({ length: RACERS }, (_, index) => (index * 37) % RACERS);
        await Promise.all(steps.map((step) => tier.sessions.touch({ ...touchOf(record), lastSeenAt: NOW + step })));
        const state = await tier.sessions.readState(record.storageKey);
        expect(state).toMatchObject({ lastSeenAt: NOW + 99, idleExpiresAt: record.idleExpiresAt + 99, revision: 1 });
      });

      it('moves the idle deadline by the lifetime that the row has by then, and never past the absolute one', async () => {
        const record = await insert(tier);
        const shorter = { idleLifetimeMs: 5, idleExpiresAt: NOW + 6, absoluteExpiresAt: NOW + 20 };
        await tier.sessions.update(write(successor(record, shorter)));
        const touch = touchOf(record);
        expect(await tier.sessions.touch({ ...touch, lastSeenAt: NOW + 6 })).toMatchObject({ idleExpiresAt: NOW + 11 });
        expect(await tier.sessions.touch({ ...touch, lastSeenAt: NOW + 11 })).toMatchObject({
          idleExpiresAt: NOW + 16,
        });
        expect(await tier.sessions.touch({ ...touch, lastSeenAt: NOW + 16 })).toMatchObject({
          idleExpiresAt: NOW + 20,
        });
      });

      it('leaves a row whose idle lifetime is shorter than a pause between the activities that it stands for', async () => {
        const [record, ...others] = await insertMany(tier, 6);
        const touchWith = (each: SealedRecord, longestPauseMs: number) =>
          tier.sessions.touch({ ...touchOf(each), longestPauseMs });
        expect(await touchWith(record!, HOUR + 1)).toBeNull();
        expect(await tier.sessions.read(record!.storageKey)).toEqual(record);
        expect(await touchWith(record!, HOUR)).toMatchObject({ lastSeenAt: NOW + 1 });
        const together = await Promise.all(others.map((each, index) => touchWith(each, HOUR + (index % 2))));
        expect(together.map((state) => state !== null)).toEqual([true, false, true, false, true]);
      });

      it('says null for a key that nobody inserted', async () => {
        const record = aRecord();
        expect(await tier.sessions.touch(touchOf(record))).toBeNull();
        expect(await tier.sessions.read(record.storageKey)).toBeNull();
      });
    });

    describe('regenerate', () => {
      it('moves the session to its new key and leaves nothing at the old one', async () => {
        const record = await insert(tier);
        const life = {
          createdAt: NOW + 1,
          idleLifetimeMs: 20,
          idleExpiresAt: NOW + 21,
          absoluteExpiresAt: NOW + 20 * HOUR,
        };
        const command = move(record, { userKey: key(), ...life });
        expect(await tier.sessions.regenerate(command)).toBe(true);
        expect(await tier.sessions.read(command.record.storageKey)).toEqual(command.record);
        expect(await tier.sessions.read(record.storageKey)).toBeNull();
        expect(await tier.sessions.update(write(successor(record)))).toBe(false);
        expect(await tier.sessions.touch(touchOf(record))).toBeNull();
        expect(await tier.sessions.revoke(revocation(record.storageKey))).toBeNull();
      });

      it('moves idle times forward only', async () => {
        const record = await insert(tier);
        const command = move(record, { lastSeenAt: 1, idleExpiresAt: 1 });
        expect(await tier.sessions.regenerate(command)).toBe(true);
        const { lastSeenAt, idleExpiresAt } = record;
        expect(await tier.sessions.readState(command.record.storageKey)).toMatchObject({ lastSeenAt, idleExpiresAt });
      });

      it('changes nothing when the revision is another', async () => {
        const record = await insert(tier);
        const command = move(record, { revision: 3 });
        expect(await tier.sessions.regenerate(command)).toBe(false);
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
        expect(await tier.sessions.read(command.record.storageKey)).toBeNull();
      });

      it('refuses a key that is taken, and both sessions stay', async () => {
        const record = await insert(tier);
        const other = await insert(tier);
        const command = move(record, { storageKey: other.storageKey });
        await expect(tier.sessions.regenerate(command)).rejects.toMatchObject({
          kind: 'rejected',
          reason: 'unique-violation',
        });
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
        expect(await tier.sessions.read(other.storageKey)).toEqual(other);
      });

      it('answers the same write twice and remembers the old key once', async () => {
        const record = await insert(tier);
        const command = move(record);
        expect(await tier.sessions.regenerate(command)).toBe(true);
        expect(await tier.sessions.regenerate(command)).toBe(true);
        expect(await tier.sessions.regenerate({ ...command, writeId: writeId() })).toBe(false);
        expect(await tier.sessions.read(command.record.storageKey)).toEqual(command.record);
        expect(await keysRemembered(tier, [record.storageKey], command.record.storageKey)).toHaveLength(1);
      });

      it('lets one of many at once win, so that there is one new id', async () => {
        const record = await insert(tier);
        const rivals = Array.from({ length: RACERS }, () => move(record));
        const won = await Promise.all(rivals.map((rival) => tier.sessions.regenerate(rival)));
        expect(won.filter(Boolean)).toHaveLength(1);
        const read = await Promise.all(rivals.map((rival) => tier.sessions.read(rival.record.storageKey)));
        expect(read.filter((found) => found !== null)).toEqual([rivals[won.indexOf(true)]?.record]);
      });

      it('finds the session by a key that it had before, for as long as the caller asks back', async () => {
        const record = await insert(tier);
        const { record: next, ...rest } = move(record);
        await tier.sessions.regenerate({ ...rest, record: next, regeneratedAt: NOW });
        expect(await tier.sessions.findRegenerated(record.storageKey, NOW)).toEqual({
          storageKey: next.storageKey,
          isRevoked: false,
        });
        expect(await tier.sessions.findRegenerated(record.storageKey, NOW + 1)).toBeNull();
        expect(await tier.sessions.findRegenerated(next.storageKey, NOW)).toBeNull();
        expect(await tier.sessions.findRegenerated(key(), 0)).toBeNull();
      });

      it('finds many at once, each by its own key and as far back as its own caller asks', async () => {
        const moves = await Promise.all(
          Array.from({ length: 5 }, async (_, n) => {
            const command = { ...move(await insert(tier)), regeneratedAt: NOW + n };
            await tier.sessions.regenerate(command);
            return command;
          }),
        );
        const found = await Promise.all([
          ...moves.map(({ previousStorageKey }, n) => tier.sessions.findRegenerated(previousStorageKey, NOW + n)),
          ...moves.map(({ record }) => tier.sessions.findRegenerated(record.storageKey, 0)),
          tier.sessions.findRegenerated(key(), 0),
        ]);
        const present = moves.map(({ record: { storageKey } }) => ({ storageKey, isRevoked: false }));
        expect(found).toEqual([...present, ...moves.map(() => null), null]);
        const late = moves.map(({ previousStorageKey }) => tier.sessions.findRegenerated(previousStorageKey, NOW + 2));
        expect((await Promise.all(late)).map((each) => each !== null)).toEqual([false, false, true, true, true]);
      });

      it('finds no key that two remembered ones only seem to hold where they meet', async () => {
        const chain = await regenerateRepeatedly(tier, 2);
        const [first, second] = chain as [Buffer, Buffer];
        const across = Buffer.concat([first.subarray(16), second.subarray(0, 16)]);
        expect(await tier.sessions.findRegenerated(across, 0)).toBeNull();
      });

      it('remembers the eight latest keys in spite of bytes that are no text', async () => {
        const chain = await regenerateRepeatedly(tier, 12);
        const present = chain.at(-1) as Buffer;
        expect(await keysRemembered(tier, chain, present)).toEqual(chain.slice(4, 12));
      });

      it('finds the session once it is revoked, and says so', async () => {
        const record = await insert(tier);
        const command = move(record);
        const { storageKey } = command.record;
        await tier.sessions.regenerate(command);
        await tier.sessions.revoke(revocation(storageKey));
        expect(await tier.sessions.findRegenerated(record.storageKey, 0)).toEqual({ storageKey, isRevoked: true });
      });

      it('finds the living one of two sessions that had the same key', async () => {
        const record = await insert(tier);
        const moves = [move(record), move(record)];
        await tier.sessions.regenerate(moves[0]!);
        await tier.sessions.insert(insertion(record));
        await tier.sessions.regenerate(moves[1]!);
        const keys = moves.map(({ record: { storageKey } }) => storageKey);
        const found = await tier.sessions.findRegenerated(record.storageKey, 0);
        await tier.sessions.revoke(revocation(found!.storageKey));
        const [other] = keys.filter((each) => !each.equals(found!.storageKey));
        expect(await tier.sessions.findRegenerated(record.storageKey, 0)).toEqual({
          storageKey: other,
          isRevoked: false,
        });
      });
    });

    describe('revoke', () => {
      it('answers the deadlines of what it revoked, once', async () => {
        const { storageKey, idleExpiresAt, absoluteExpiresAt } = await insert(tier);
        const row = { storageKey, idleExpiresAt, absoluteExpiresAt, hasMoved: false };
        expect(await tier.sessions.revoke(revocation(storageKey))).toEqual(row);
        expect(await tier.sessions.revoke(revocation(storageKey))).toBeNull();
        expect(await tier.sessions.revoke(revocation(key()))).toBeNull();
      });

      it('says of a row that it was given another key lately', async () => {
        const userKey = key();
        const [one, many, still] = [
          await insert(tier),
          await insert(tier, { userKey }),
          await insert(tier, { userKey }),
        ];
        const [movedOne, movedMany] = [move(one), move(many)];
        await Promise.all([tier.sessions.regenerate(movedOne), tier.sessions.regenerate(movedMany)]);
        expect(await tier.sessions.revoke(revocation(movedOne.record.storageKey))).toMatchObject({ hasMoved: true });
        const rows = await revokedRows(tier.sessions.revokeMany(revokeAll({ of: [userKey] })));
        const moved = rows.filter(({ hasMoved }) => hasMoved).map(({ storageKey }) => storageKey);
        expect(moved).toEqual([movedMany.record.storageKey]);
        expect(rows.map(({ storageKey }) => storageKey)).toContainEqual(still.storageKey);
      });

      it('answers the same write twice', async () => {
        const { storageKey } = await insert(tier);
        const command = revocation(storageKey);
        const first = await tier.sessions.revoke(command);
        expect(first).not.toBeNull();
        expect(await tier.sessions.revoke({ ...command, revokedAt: NOW + 1 })).toEqual(first);
      });

      it('may ask for the write that the row is to carry: what another wrote stays', async () => {
        const inserted = insertion(aRecord());
        await tier.sessions.insert(inserted);
        const { storageKey } = inserted.record;
        expect(await tier.sessions.revoke(revocation(storageKey, { writtenBy: writeId() }))).toBeNull();
        expect(await tier.sessions.read(storageKey)).toEqual(inserted.record);
        const command = revocation(storageKey, { writtenBy: inserted.writeId });
        const first = await tier.sessions.revoke(command);
        expect(first).not.toBeNull();
        expect(await tier.sessions.revoke(command)).toEqual(first);
        expect(await tier.sessions.read(storageKey)).toBeNull();
        const used = insertion(aRecord());
        await tier.sessions.insert(used);
        await tier.sessions.update(write(successor(used.record)));
        const { storageKey: usedKey } = used.record;
        expect(await tier.sessions.revoke(revocation(usedKey, { writtenBy: used.writeId }))).toBeNull();
        expect(await tier.sessions.read(usedKey)).not.toBeNull();
      });

      it('lets one of many at once be the one that did it', async () => {
        const { storageKey } = await insert(tier);
        const racers = Array.from({ length: RACERS }, () => tier.sessions.revoke(revocation(storageKey)));
        expect((await Promise.all(racers)).filter((row) => row !== null)).toHaveLength(1);
      });

      it('is for ever: no method brings the session back or shows it', async () => {
        const userKey = key();
        const record = await insert(tier, { userKey });
        const lastWrite = write(successor(record));
        await tier.sessions.update(lastWrite);
        await tier.sessions.revoke(revocation(record.storageKey));
        for (const revision of [0, 1, 2, 3, 4, 5]) {
          expect(await tier.sessions.update(write({ ...record, revision }))).toBe(false);
          expect(await tier.sessions.regenerate(move(record, { revision }))).toBe(false);
        }
        expect(await tier.sessions.update(lastWrite)).toBe(false);
        expect(await tier.sessions.touch(touchOf(record))).toBeNull();
        expect(await tier.sessions.insert(insertion(record))).toBe('ended');
        expect(await tier.sessions.revokeMany(revokeAll({ of: [userKey] }))).toEqual([]);
        expect(await tier.sessions.read(record.storageKey)).toBeNull();
        expect(await tier.sessions.readState(record.storageKey)).toBeNull();
        expect(await tier.sessions.listByUser([userKey], START, 10)).toEqual([]);
      });

      it('wins or loses against updates, touches and regenerates, but never comes undone', async () => {
        for (let round = 0; round < 10; round += 1) {
          const record = await insert(tier);
          const moves = Array.from({ length: 10 }, () => move(record));
          const [revoked, ...others] = await Promise.all([
            tier.sessions.revoke(revocation(record.storageKey)),
            ...moves.map((command) => tier.sessions.regenerate(command)),
            ...moves.map(() => tier.sessions.update(write(successor(record)))),
            ...moves.map(() => tier.sessions.touch(touchOf(record)).then(() => false)),
          ]);
          const moved = moves.filter((_, index) => others[index]);
          expect(others.filter(Boolean).length).toBeLessThanOrEqual(1);
          expect(await tier.sessions.read(record.storageKey)).toBeNull();
          // Either the regenerate was first and the old key was dead when the revoke came, or the session is gone.
          expect(moved.length).toBe(revoked ? 0 : 1);
          for (const { record: next } of moved) expect(await tier.sessions.read(next.storageKey)).toEqual(next);
        }
      });
    });

    describe('revokeMany', () => {
      it('revokes the sessions of all the user keys it is given, and of no other user', async () => {
        const [alice, formerAlice, bob] = [key(), key(), key()];
        const mine = await Promise.all([alice, formerAlice, alice].map((userKey) => insert(tier, { userKey })));
        const other = await insert(tier, { userKey: bob });
        const nobody = await insert(tier, { userKey: null });
        const rows = await tier.sessions.revokeMany(revokeAll({ of: [alice, formerAlice] }));
        expect(rows).toEqual(
          inOrder(mine).map(({ storageKey, idleExpiresAt, absoluteExpiresAt }) => ({
            storageKey,
            idleExpiresAt,
            absoluteExpiresAt,
            hasMoved: false,
          })),
        );
        for (const { storageKey } of mine) expect(await tier.sessions.read(storageKey)).toBeNull();
        expect(await tier.sessions.read(other.storageKey)).toEqual(other);
        expect(await tier.sessions.read(nobody.storageKey)).toEqual(nobody);
        expect(await tier.sessions.revokeMany(revokeAll({ of: [] }))).toEqual([]);
      });

      it('walks in pages in the order of storage keys, and a short page is the last', async () => {
        const userKey = key();
        const all = await Promise.all(Array.from({ length: 7 }, () => insert(tier, { userKey })));
        const id = writeId();
        const pages: Buffer[][] = [];
        let after: Buffer = START;
        do {
          const rows = await revokedRows(
            tier.sessions.revokeMany(revokeAll({ of: [userKey], after, limit: 3, writeId: id })),
          );
          pages.push(rows.map(({ storageKey }) => storageKey));
          after = rows.at(-1)?.storageKey ?? after;
        } while (pages.at(-1)?.length === 3);
        expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
        expect(pages.flat()).toEqual(inOrder(all).map(({ storageKey }) => storageKey));
      });

      it('spares the session that asks for it', async () => {
        const userKey = key();
        const [spared, ...others] = await Promise.all([1, 2, 3].map(() => insert(tier, { userKey })));
        const rows = await revokedRows(
          tier.sessions.revokeMany(revokeAll({ of: [userKey], except: spared!.storageKey })),
        );
        expect(rows.map(({ storageKey }) => storageKey)).toEqual(inOrder(others).map(({ storageKey }) => storageKey));
        expect(await tier.sessions.read(spared!.storageKey)).toEqual(spared);
      });

      it('answers the same rows again to the same write, and none to another', async () => {
        const userKey = key();
        await Promise.all([1, 2, 3].map(() => insert(tier, { userKey })));
        const command = revokeAll({ of: [userKey], limit: 2 });
        const rows = await tier.sessions.revokeMany(command);
        expect(rows).toHaveLength(2);
        expect(await tier.sessions.revokeMany(command)).toEqual(rows);
        expect(await tier.sessions.revokeMany({ ...command, writeId: writeId() })).toHaveLength(1);
      });

      it('gives each session to one of many callers at once, and none of them deadlocks', async () => {
        const userKey = key();
        const all = await Promise.all(Array.from({ length: 40 }, () => insert(tier, { userKey })));
        const pages = await Promise.all(
          Array.from({ length: 10 }, () => revokedRows(tier.sessions.revokeMany(revokeAll({ of: [userKey] })))),
        );
        const keys = pages.flat().map(({ storageKey }) => storageKey.toString('hex'));
        expect(keys.sort()).toEqual(all.map(({ storageKey }) => storageKey.toString('hex')).sort());
      });

      it('revokes everyone in the namespace, whether or not they have a user', async () => {
        const crowd = await inNamespace(database, 'crowd');
        const all = await Promise.all([key(), null, key()].map((userKey) => insert(crowd, { userKey })));
        const rows = await revokedRows(
          crowd.sessions.revokeMany(revokeAll({ of: 'everyone', except: all[0]!.storageKey })),
        );
        expect(rows.map(({ storageKey }) => storageKey)).toEqual(
          inOrder(all.slice(1)).map(({ storageKey }) => storageKey),
        );
        expect(await crowd.sessions.read(all[0]!.storageKey)).toEqual(all[0]);
      });
    });

    describe('listByUser', () => {
      it('lists the living sessions of all the user keys it is given, in order', async () => {
        const [alice, formerAlice] = [key(), key()];
        const mine = await Promise.all([alice, formerAlice, alice, alice].map((userKey) => insert(tier, { userKey })));
        await insert(tier, { userKey: key() });
        await tier.sessions.revoke(revocation(mine[3]!.storageKey));
        expect(await tier.sessions.listByUser([alice, formerAlice], START, 10)).toEqual(inOrder(mine.slice(0, 3)));
        expect(await tier.sessions.listByUser([formerAlice], START, 10)).toEqual([mine[1]]);
        expect(await tier.sessions.listByUser([key()], START, 10)).toEqual([]);
        expect(await tier.sessions.listByUser([], START, 10)).toEqual([]);
      });

      it('lists in pages', async () => {
        const userKey = key();
        const all = inOrder(await Promise.all(Array.from({ length: 5 }, () => insert(tier, { userKey }))));
        expect(await tier.sessions.listByUser([userKey], START, 2)).toEqual(all.slice(0, 2));
        expect(await tier.sessions.listByUser([userKey], all[1]!.storageKey, 2)).toEqual(all.slice(2, 4));
        expect(await tier.sessions.listByUser([userKey], all[3]!.storageKey, 2)).toEqual(all.slice(4));
      });

      it('follows a session to another user', async () => {
        const [before, after] = [key(), key()];
        const record = await insert(tier, { userKey: before });
        await tier.sessions.update(write(successor(record, { userKey: after })));
        expect(await tier.sessions.listByUser([before], START, 10)).toEqual([]);
        expect(await tier.sessions.listByUser([after], START, 10)).toHaveLength(1);
      });
    });

    describe('calls that arrive together', () => {
      it('update each its own row: who loses, is late or has no row hurts nobody', async () => {
        const feed = await inNamespace(database, 'together-update');
        const [records, lost, late, dead, repeated] = await Promise.all([
          insertMany(feed, 30),
          insert(feed),
          insert(feed),
          insert(feed, { absoluteExpiresAt: NOW }),
          insert(feed),
        ]);
        const repeat = write(successor(repeated));
        expect(await feed.sessions.update(repeat)).toBe(true);
        const commands = records.map((record, index) => ({ ...write(successor(record)), dirty: index % 3 === 0 }));
        const others = [
          write(successor(lost, { revision: 7 })),
          { ...write(successor(late)), validUntil: (await feed.probe()) - 1 },
          write(successor(dead)),
          write(aRecord({ revision: 2 })),
          { ...repeat, validUntil: (await feed.probe()) - 1 },
        ];
        const answers = await Promise.all([...others, ...commands].map((command) => feed.sessions.update(command)));
        expect(answers).toEqual([false, false, false, false, true, ...commands.map(() => true)]);
        const rows = await Promise.all(
          [...commands, repeat].map(({ record }) => feed.sessions.read(record.storageKey)),
        );
        expect(rows).toEqual([...commands, repeat].map(({ record }) => record));
        for (const record of [lost, late, dead]) expect(await feed.sessions.read(record.storageKey)).toEqual(record);
        const marked = commands.filter(({ dirty }) => dirty).map(({ record }) => record);
        expect(byKey(await marks(feed)).map(({ storageKey }) => storageKey)).toEqual(
          inOrder(marked).map(({ storageKey }) => storageKey),
        );
      });

      it('insert each its own row: a key that is taken, or a call that is late, hurts nobody', async () => {
        const taken = await insert(tier);
        const records = Array.from({ length: 30 }, () => aRecord());
        records.push(aRecord({ userKey: null }), aRecord({ envelope: randomBytes(100_000) }));
        const late = { ...insertion(aRecord()), validUntil: (await tier.probe()) - 1 };
        const rival = insertion(aRecord({ storageKey: taken.storageKey }));
        const dead = await insert(tier);
        await tier.sessions.revoke(revocation(dead.storageKey));
        const reborn = insertion(aRecord({ storageKey: dead.storageKey }));
        const calls = [late, rival, reborn, ...records.map(insertion)];
        const answers = await Promise.all(calls.map((each) => tier.sessions.insert(each)));
        expect(answers).toEqual(['late', 'taken', 'ended', ...records.map(() => 'inserted')]);
        expect(await tier.sessions.read(late.record.storageKey)).toBeNull();
        expect(await Promise.all([taken, ...records].map(({ storageKey }) => tier.sessions.read(storageKey)))).toEqual([
          taken,
          ...records,
        ]);
      });

      it('touch each its own row, and answer its own state', async () => {
        const records = await insertMany(tier, 30);
        const [revoked, expired] = await Promise.all([insert(tier), insert(tier, { idleExpiresAt: NOW - 1 })]);
        await tier.sessions.revoke(revocation(revoked.storageKey));
        const touches = records.map((record, index) => ({
          ...touchOf(record),
          lastSeenAt: NOW + index,
        }));
        const answers = await Promise.all(
          [touchOf(revoked), touchOf(expired), touchOf(aRecord()), ...touches].map((each) => tier.sessions.touch(each)),
        );
        expect(answers.slice(0, 3)).toEqual([null, null, null]);
        expect(answers.slice(3)).toMatchObject(
          records.map(({ keyId, envelope, idleExpiresAt }, index) => ({
            keyId,
            tag: envelope.subarray(-ENVELOPE_TAG_BYTES),
            lastSeenAt: NOW + index,
            idleExpiresAt: idleExpiresAt + index,
            revision: 1,
          })),
        );
      });

      it('read each its own row, and own what they get', async () => {
        const records = await insertMany(tier, 30);
        const [first] = records;
        const revoked = await insert(tier);
        await tier.sessions.revoke(revocation(revoked.storageKey));
        const asked = [first!, revoked, aRecord(), ...records, first!];
        const rows = await Promise.all(asked.map(({ storageKey }) => tier.sessions.read(storageKey)));
        expect(rows).toEqual([first, null, null, ...records, first]);
        rows[0]?.envelope.fill(0);
        expect(rows.at(-1)).toEqual(first);
        const states = await Promise.all(asked.map(({ storageKey }) => tier.sessions.readState(storageKey)));
        expect(states.map((state) => state?.keyId)).toEqual(rows.map((row) => row?.keyId));
        const tags = asked.map(({ envelope }, index) => states[index] && envelope.subarray(-ENVELOPE_TAG_BYTES));
        expect(states.map((state) => state && state.tag)).toEqual(tags);
      });
    });

    describe('a write that comes to run too late', () => {
      const late = async () => ({ validUntil: (await tier.probe()) - 1 });

      it('inserts nothing', async () => {
        const record = aRecord();
        expect(await tier.sessions.insert({ ...insertion(record), ...(await late()) })).toBe('late');
        expect(await tier.sessions.read(record.storageKey)).toBeNull();
      });

      it('updates nothing and marks nothing', async () => {
        const feed = await inNamespace(database, 'late-update');
        const record = await insert(feed);
        expect(await feed.sessions.update({ ...write(successor(record)), dirty: true, ...(await late()) })).toBe(false);
        expect(await feed.sessions.read(record.storageKey)).toEqual(record);
        expect(await marks(feed)).toEqual([]);
      });

      it('regenerates nothing and marks nothing', async () => {
        const feed = await inNamespace(database, 'late-regenerate');
        const record = await insert(feed);
        const command = { ...move(record), dirty: true, ...(await late()) };
        expect(await feed.sessions.regenerate(command)).toBe(false);
        expect(await feed.sessions.read(record.storageKey)).toEqual(record);
        expect(await feed.sessions.read(command.record.storageKey)).toBeNull();
        expect(await feed.sessions.findRegenerated(record.storageKey, 0)).toBeNull();
        expect(await marks(feed)).toEqual([]);
      });

      it('revokes nothing and marks nothing', async () => {
        const feed = await inNamespace(database, 'late-revoke');
        const record = await insert(feed);
        expect(
          await feed.sessions.revoke(revocation(record.storageKey, { dirty: true, ...(await late()) })),
        ).toBeNull();
        expect(await feed.sessions.revokeMany(revokeAll({ of: 'everyone', ...(await late()) }))).toBe('late');
        expect(await feed.sessions.revokeMany(revokeAll({ of: [record.userKey!], ...(await late()) }))).toBe('late');
        expect(await feed.sessions.read(record.storageKey)).toEqual(record);
        expect(await marks(feed)).toEqual([]);
      });

      it('says so of the end of many only where there is something to end', async () => {
        const userKey = key();
        const some = await Promise.all([1, 2].map(() => insert(tier, { userKey })));
        const spared = inOrder(some).at(-1)!;
        const rest = { of: [userKey], except: spared.storageKey };
        await tier.sessions.revokeMany(revokeAll(rest));
        expect(await tier.sessions.revokeMany(revokeAll({ ...rest, ...(await late()) }))).toEqual([]);
        expect(await tier.sessions.revokeMany(revokeAll({ of: [key()], ...(await late()) }))).toEqual([]);
        expect(await tier.sessions.revokeMany(revokeAll({ of: [userKey], ...(await late()) }))).toBe('late');
        expect(await tier.sessions.read(spared.storageKey)).toEqual(spared);
      });

      it('is one of these only once the database’s clock has passed its time', async () => {
        const soon = async () => ({ validUntil: (await tier.probe()) + HOUR });
        const record = aRecord();
        expect(await tier.sessions.insert({ ...insertion(record), ...(await soon()) })).toBe('inserted');
        const next = successor(record);
        expect(await tier.sessions.update({ ...write(next), ...(await soon()) })).toBe(true);
        const moved = { ...move(next), ...(await soon()) };
        expect(await tier.sessions.regenerate(moved)).toBe(true);
        expect(await tier.sessions.revoke(revocation(moved.record.storageKey, await soon()))).not.toBeNull();
        const { userKey } = await insert(tier);
        expect(await tier.sessions.revokeMany(revokeAll({ of: [userKey!], ...(await soon()) }))).toHaveLength(1);
      });

      it('may have a time that is no whole millisecond, as a clock that is estimated has', async () => {
        const record = await insert(tier);
        const now = (await tier.probe()) - 0.5;
        expect(await tier.sessions.update({ ...write(successor(record)), validUntil: now })).toBe(false);
        expect(await tier.sessions.update({ ...write(successor(record)), validUntil: now + HOUR })).toBe(true);
      });

      it('finds itself when it ran in time before', async () => {
        const record = await insert(tier);
        const updated = write(successor(record));
        await tier.sessions.update(updated);
        expect(await tier.sessions.update({ ...updated, ...(await late()) })).toBe(true);
        const moved = move(updated.record);
        await tier.sessions.regenerate(moved);
        expect(await tier.sessions.regenerate({ ...moved, ...(await late()) })).toBe(true);
        const revoked = revocation(moved.record.storageKey);
        const row = await tier.sessions.revoke(revoked);
        expect(await tier.sessions.revoke({ ...revoked, ...(await late()) })).toEqual(row);
        const { userKey } = await insert(tier);
        const many = revokeAll({ of: [userKey!] });
        const rows = await tier.sessions.revokeMany(many);
        expect(rows).toHaveLength(1);
        expect(await tier.sessions.revokeMany({ ...many, ...(await late()) })).toEqual(rows);
      });
    });

    describe('the dirty feed', () => {
      it('has the marks that writes set in their statement, at the database’s time, and no others', async () => {
        const feed = await inNamespace(database, 'marks');
        const [, updated, moved, revoked, marked] = await Promise.all([1, 2, 3, 4, 5].map(() => insert(feed)));
        const unmarked = move(updated!);
        const regenerated = move(moved!);
        const before = await feed.probe();
        expect(await feed.sessions.update(write(successor(updated!)))).toBe(true);
        expect(await feed.sessions.touch({ ...touchOf(updated!), lastSeenAt: NOW + 9 * HOUR })).not.toBeNull();
        expect(await feed.sessions.regenerate({ ...unmarked, record: { ...unmarked.record, revision: 3 } })).toBe(true);
        expect(await feed.sessions.revoke(revocation(revoked!.storageKey))).not.toBeNull();
        expect(await marks(feed)).toEqual([]);

        const next = successor(marked!);
        expect(await feed.sessions.update({ ...write(next), dirty: true })).toBe(true);
        expect(await feed.sessions.regenerate({ ...regenerated, dirty: true })).toBe(true);
        const last = await insert(feed);
        expect(await feed.sessions.revoke(revocation(last.storageKey, { dirty: true }))).not.toBeNull();
        const { now, rows } = await feed.feed.read(before, 10);
        expect(byKey(rows)).toEqual(
          byKey([
            { ...feedRow(next), dirtyAt: expect.any(Number) },
            { ...feedRow(regenerated.record), dirtyAt: expect.any(Number), previousKeys: [moved!.storageKey] },
            { ...feedRow({ ...last, revision: 2 }), dirtyAt: expect.any(Number), isRevoked: true },
          ]),
        );
        for (const { dirtyAt } of rows) expect(dirtyAt >= before && dirtyAt <= now).toBe(true);
      });

      it('has every row that a mass revocation revoked', async () => {
        const feed = await inNamespace(database, 'mass');
        const all = await Promise.all([1, 2, 3].map(() => insert(feed)));
        const before = await feed.probe();
        await feed.sessions.revokeMany(revokeAll({ of: all.slice(0, 2).map(({ userKey }) => userKey!) }));
        expect(await keysOf(feed)).toEqual(inOrder(all.slice(0, 2)).map(({ storageKey }) => storageKey));
        await feed.sessions.revokeMany(revokeAll({ of: 'everyone' }));
        const rows = await marks(feed);
        expect(rows.map(({ storageKey }) => storageKey)).toHaveLength(3);
        for (const row of rows) expect(row).toMatchObject({ isRevoked: true, revision: 2 });
        for (const { dirtyAt } of rows) expect(dirtyAt).toBeGreaterThanOrEqual(before);
      });

      it('has what was marked by itself, revoked or not, and nothing for a key that is no row’s', async () => {
        const feed = await inNamespace(database, 'by-itself');
        const [living, dead] = await Promise.all([insert(feed), insert(feed)]);
        await feed.sessions.revoke(revocation(dead.storageKey));
        await Promise.all(
          [living.storageKey, dead.storageKey, key()].map((storageKey) => feed.feed.markDirty(storageKey)),
        );
        expect(byKey(await marks(feed))).toEqual(
          byKey([
            { ...feedRow(living), dirtyAt: expect.any(Number) },
            { ...feedRow({ ...dead, revision: 2 }), dirtyAt: expect.any(Number), isRevoked: true },
          ]),
        );
        expect(await feed.sessions.read(living.storageKey)).toEqual(living);
      });

      it('has the earlier keys of a row, the oldest first and the eight latest', async () => {
        const feed = await inNamespace(database, 'earlier-keys');
        const chain = await regenerateRepeatedly(feed, 10);
        await feed.feed.markDirty(chain.at(-1)!);
        const [row] = await marks(feed);
        expect(row?.previousKeys).toEqual(chain.slice(2, 10));
        await feed.sessions.revoke(revocation(chain.at(-1)!));
        expect((await marks(feed))[0]).toMatchObject({ isRevoked: true, previousKeys: chain.slice(2, 10) });
      });

      it('moves a mark forward, and never back', async () => {
        const feed = await inNamespace(database, 'forward');
        const record = await insert(feed);
        const markedAt = async (): Promise<number | undefined> => (await marks(feed))[0]?.dirtyAt;
        const everyMark = async (): Promise<void> => {
          const { storageKey, revision } = record;
          const state = await feed.sessions.readState(storageKey);
          const next = { ...successor(record), revision: (state?.revision ?? revision) + 1 };
          expect(await feed.sessions.update({ ...write(next), dirty: true })).toBe(true);
          await feed.feed.markDirty(storageKey);
        };
        await database.mark(record.storageKey, 5);
        await everyMark();
        const first = await markedAt();
        expect(first).toBeGreaterThan(NOW);
        await whenItIsLater(feed, first!);
        await feed.feed.markDirty(record.storageKey);
        expect(await markedAt()).toBeGreaterThan(first!);

        const future = (await feed.probe()) + HOUR;
        await database.mark(record.storageKey, future);
        await everyMark();
        expect(await markedAt()).toBe(future);
        const { storageKey, revision } = (await feed.sessions.read(record.storageKey))!;
        const moved = move({ ...record, storageKey, revision });
        expect(await feed.sessions.regenerate({ ...moved, dirty: true })).toBe(true);
        expect(await markedAt()).toBe(future);
        const other = await insert(feed);
        await database.mark(other.storageKey, future + 1);
        await feed.sessions.revoke(revocation(moved.record.storageKey, { dirty: true }));
        await feed.sessions.revokeMany(revokeAll({ of: 'everyone' }));
        expect((await marks(feed)).map(({ dirtyAt }) => dirtyAt)).toEqual([future, future + 1]);
      });

      it('keeps a mark through writes that set none', async () => {
        const feed = await inNamespace(database, 'kept');
        const record = await insert(feed);
        await database.mark(record.storageKey, 7);
        const next = successor(record);
        await feed.sessions.update(write(next));
        await feed.sessions.touch(touchOf(next));
        const moved = move(next);
        await feed.sessions.regenerate(moved);
        await feed.sessions.revoke(revocation(moved.record.storageKey));
        expect(await marks(feed)).toMatchObject([{ dirtyAt: 7, storageKey: moved.record.storageKey, revision: 4 }]);
      });

      it('is read in the order of time and then of key, in pages that miss nothing and repeat nothing', async () => {
        const feed = await inNamespace(database, 'order');
        const all = await Promise.all(Array.from({ length: 8 }, () => insert(feed)));
        const times = [30, 10, 20, 20, 10, 20, 20, 40];
        const expected = all
          .map(({ storageKey }, index) => ({ storageKey, dirtyAt: times[index]! }))
          .sort((a, b) => a.dirtyAt - b.dirtyAt || a.storageKey.compare(b.storageKey));
        for (const { storageKey, dirtyAt } of expected) await database.mark(storageKey, dirtyAt);
        for (const limit of [1, 2, 3, 8, 100]) {
          const pages: FeedPosition[][] = [];
          let after: FeedPosition | number = 0;
          do {
            const { rows } = await feed.feed.read(after, limit);
            pages.push(rows.map(({ storageKey, dirtyAt }) => ({ storageKey, dirtyAt })));
            after = rows.at(-1) ?? after;
          } while (pages.at(-1)?.length === limit);
          expect(pages.flat()).toEqual(expected);
          expect(pages[0]?.length).toBe(Math.min(limit, 8));
        }
      });

      it('begins at a time with the marks of that very time, and after a position without it', async () => {
        const feed = await inNamespace(database, 'inclusive');
        const [first, second] = inOrder([await insert(feed), await insert(feed)]).map(({ storageKey }) => storageKey);
        for (const storageKey of [first!, second!]) await database.mark(storageKey, 20);
        expect(await keysOf(feed, 20)).toEqual([first, second]);
        expect(await keysOf(feed, 19.5)).toEqual([first, second]);
        expect(await keysOf(feed, 20.5)).toEqual([]);
        expect(await keysOf(feed, 21)).toEqual([]);
        expect(await keysOf(feed, { dirtyAt: 20, storageKey: first! })).toEqual([second]);
        expect(await keysOf(feed, { dirtyAt: 20, storageKey: second! })).toEqual([]);
        expect(await keysOf(feed, { dirtyAt: 19, storageKey: second! })).toEqual([first, second]);
      });

      it('answers the database’s clock, also where there are no marks', async () => {
        const feed = await inNamespace(database, 'empty');
        const before = await feed.probe();
        const { now, rows } = await feed.feed.read(0, 10);
        const after = await feed.probe();
        expect(rows).toEqual([]);
        expect(now >= before && now <= after).toBe(true);
        const record = await insert(feed);
        await feed.feed.markDirty(record.storageKey);
        const full = await feed.feed.read(0, 10);
        expect(full.rows).toHaveLength(1);
        expect(full.now).toBeGreaterThanOrEqual(after);
        expect(full.rows[0]!.dirtyAt).toBeLessThanOrEqual(full.now);
      });
    });

    describe('clearFeed', () => {
      it('takes marks from before a time, and leaves the session', async () => {
        const feed = await inNamespace(database, 'clear');
        const [old, young] = await Promise.all([insert(feed), insert(feed)]);
        await database.mark(old.storageKey, 10);
        await database.mark(young.storageKey, 20);
        expect(await feed.feed.clear(10, 100)).toBe(0);
        expect(await feed.feed.clear(10.5, 100)).toBe(1);
        expect(await keysOf(feed)).toEqual([young.storageKey]);
        expect(await feed.feed.clear(20, 100)).toBe(0);
        expect(await feed.feed.clear(21, 100)).toBe(1);
        expect(await keysOf(feed)).toEqual([]);
        expect(await feed.feed.clear(Number.MAX_SAFE_INTEGER, 100)).toBe(0);
        expect(await feed.sessions.read(old.storageKey)).toEqual(old);
        expect(await feed.sessions.update(write(successor(old)))).toBe(true);
      });

      it('takes previous keys from rows that got no new one since', async () => {
        const feed = await inNamespace(database, 'clear-keys');
        const record = await insert(feed);
        const moved = { ...move(record), regeneratedAt: 10 };
        await feed.sessions.regenerate(moved);
        expect(await feed.feed.clear(10, 100)).toBe(0);
        expect(await feed.sessions.findRegenerated(record.storageKey, 0)).toMatchObject({
          storageKey: moved.record.storageKey,
        });
        expect(await feed.feed.clear(11, 100)).toBe(1);
        expect(await feed.sessions.findRegenerated(record.storageKey, 0)).toBeNull();
        const again = move(moved.record);
        expect(await feed.sessions.regenerate({ ...again, dirty: true })).toBe(true);
        expect((await marks(feed))[0]?.previousKeys).toEqual([moved.record.storageKey]);
      });

      it('waits for the later one of both times', async () => {
        const feed = await inNamespace(database, 'clear-both');
        const [record, other] = await Promise.all([insert(feed), insert(feed)]);
        const newKey = { ...move(record), regeneratedAt: 30 };
        const newMark = { ...move(other), regeneratedAt: 10 };
        await feed.sessions.regenerate(newKey);
        await feed.sessions.regenerate(newMark);
        await database.mark(newKey.record.storageKey, 10);
        await database.mark(newMark.record.storageKey, 30);
        expect(await feed.feed.clear(30, 100)).toBe(0);
        expect((await marks(feed)).map(({ previousKeys }) => previousKeys)).toEqual([
          [record.storageKey],
          [other.storageKey],
        ]);
        expect(await feed.feed.clear(31, 100)).toBe(2);
        expect(await marks(feed)).toEqual([]);
        expect(await feed.sessions.findRegenerated(record.storageKey, 0)).toBeNull();
        expect(await feed.sessions.findRegenerated(other.storageKey, 0)).toBeNull();
      });

      it('takes as many rows as it is told to, revoked ones included', async () => {
        const feed = await inNamespace(database, 'clear-limit');
        const all = await Promise.all(Array.from({ length: 5 }, () => insert(feed)));
        await feed.sessions.revokeMany(revokeAll({ of: 'everyone' }));
        for (const { storageKey } of all) await database.mark(storageKey, (await feed.probe()) - 1);
        const before = await whenItIsLater(feed, await feed.probe());
        expect(await feed.feed.clear(before, 2)).toBe(2);
        expect(await marks(feed)).toHaveLength(3);
        expect(await feed.feed.clear(before, 2)).toBe(2);
        expect(await feed.feed.clear(before, 2)).toBe(1);
        expect(await feed.feed.clear(before, 2)).toBe(0);
        expect(await feed.sessions.read(all[0]!.storageKey)).toBeNull();
      });
    });

    describe('namespaces', () => {
      it('are invisible to each other, by every method', async () => {
        const other = await inNamespace(database, 'other');
        const userKey = key();
        const record = await insert(tier, { userKey });
        const moved = move(await insert(tier));
        await tier.sessions.regenerate(moved);
        expect(await other.sessions.read(record.storageKey)).toBeNull();
        expect(await other.sessions.readState(record.storageKey)).toBeNull();
        expect(await other.sessions.update(write(successor(record)))).toBe(false);
        expect(await other.sessions.regenerate(move(record))).toBe(false);
        expect(await other.sessions.touch(touchOf(record))).toBeNull();
        expect(await other.sessions.revoke(revocation(record.storageKey))).toBeNull();
        expect(await other.sessions.revokeMany(revokeAll({ of: [userKey] }))).toEqual([]);
        expect(await other.sessions.revokeMany(revokeAll({ of: 'everyone' }))).toEqual([]);
        expect(await other.sessions.listByUser([userKey], START, 10)).toEqual([]);
        expect(await other.sessions.findRegenerated(moved.previousStorageKey, 0)).toBeNull();
        await other.feed.markDirty(record.storageKey);
        expect(await keysOf(tier)).not.toContainEqual(record.storageKey);
        await tier.feed.markDirty(record.storageKey);
        expect(await keysOf(tier)).toContainEqual(record.storageKey);
        expect(await marks(other)).toEqual([]);
        expect(await other.feed.clear(Number.MAX_SAFE_INTEGER, 100)).toBe(0);
        expect(await keysOf(tier)).toContainEqual(record.storageKey);
        expect(await tier.sessions.findRegenerated(moved.previousStorageKey, 0)).toMatchObject({
          storageKey: moved.record.storageKey,
        });
        expect(await tier.sessions.read(record.storageKey)).toEqual(record);
      });
    });
  });
}

// --- What the tests are made of ----------------------------------------------------------------------------------

async function inNamespace(database: DurableDatabase, namespace: string): Promise<DurableTier> {
  const tier = database.makeTier();
  await tier.open({ namespace, platform: systemPlatform, timeoutMs: 5_000 });
  return tier;
}

const key = (): Buffer => randomBytes(32);
const writeId = (): Buffer => randomBytes(16);

function aRecord(changes: Partial<SealedRecord> = {}): SealedRecord {
  return {
    storageKey: key(),
    userKey: key(),
    revision: 1,
    envelope: randomBytes(200),
    keyId: randomBytes(8),
    createdAt: NOW,
    lastSeenAt: NOW,
    idleLifetimeMs: HOUR,
    idleExpiresAt: NOW + HOUR,
    absoluteExpiresAt: NOW + 12 * HOUR,
    ...changes,
  };
}

async function insert(tier: DurableTier, changes: Partial<SealedRecord> = {}): Promise<SealedRecord> {
  const record = aRecord(changes);
  expect(await tier.sessions.insert(insertion(record))).toBe('inserted');
  return record;
}

function insertMany(tier: DurableTier, count: number): Promise<SealedRecord[]> {
  return Promise.all(Array.from({ length: count }, () => insert(tier)));
}

function successor(record: SealedRecord, changes: Partial<SealedRecord> = {}): SealedRecord {
  const { storageKey, userKey, revision, createdAt, lastSeenAt, idleExpiresAt, absoluteExpiresAt } = record;
  const kept = { storageKey, userKey, createdAt, absoluteExpiresAt };
  const times = { lastSeenAt: lastSeenAt + 1, idleExpiresAt: idleExpiresAt + 1 };
  return { ...aRecord(kept), revision: revision + 1, ...times, ...changes };
}

const anytime = () => ({ writeId: writeId(), validUntil: null });

function insertion(record: SealedRecord): InsertCommand {
  return { record, ...anytime(), aliveAt: NOW };
}

function revocation(storageKey: Buffer, changes: Partial<RevokeCommand> = {}): RevokeCommand {
  return { storageKey, ...anytime(), revokedAt: NOW, dirty: false, ...changes };
}

function write(record: SealedRecord): UpdateCommand {
  return { record, ...anytime(), dirty: false, aliveAt: NOW, replaces: null };
}

function move(record: SealedRecord, changes: Partial<SealedRecord> = {}) {
  const next = successor(record, { storageKey: key(), ...changes });
  return { ...write(next), previousStorageKey: record.storageKey, regeneratedAt: NOW };
}

function touchOf({ storageKey, lastSeenAt }: SealedRecord): TouchCommand {
  return { storageKey, lastSeenAt: lastSeenAt + 1, aliveAt: NOW, longestPauseMs: 0 };
}

function revokeAll(changes: Partial<RevokeManyCommand>): RevokeManyCommand {
  return { of: [], except: null, after: START, limit: 100, ...anytime(), revokedAt: NOW, ...changes };
}

function inOrder(records: readonly SealedRecord[]): SealedRecord[] {
  return [...records].sort((a, b) => a.storageKey.compare(b.storageKey));
}

/** The storage keys that a session goes through, the present one last. */
async function regenerateRepeatedly(tier: DurableTier, times: number): Promise<Buffer[]> {
  let record = await insert(tier);
  const keys = [record.storageKey];
  for (let round = 0; round < times; round += 1) {
    const command = move(record);
    expect(await tier.sessions.regenerate(command)).toBe(true);
    record = command.record;
    keys.push(record.storageKey);
  }
  return keys;
}

async function keysRemembered(tier: DurableTier, keys: readonly Buffer[], present: Buffer): Promise<Buffer[]> {
  const found = await Promise.all(keys.map((candidate) => tier.sessions.findRegenerated(candidate, 0)));
  return keys.filter((_, index) => found[index]?.storageKey.equals(present));
}

async function marks(tier: DurableTier, after: FeedPosition | number = 0): Promise<readonly DirtyRow[]> {
  return (await tier.feed.read(after, 1_000)).rows;
}

async function keysOf(tier: DurableTier, after: FeedPosition | number = 0): Promise<Buffer[]> {
  return (await marks(tier, after)).map(({ storageKey }) => storageKey);
}

function feedRow({ storageKey, revision, absoluteExpiresAt }: SealedRecord) {
  return { storageKey, revision, absoluteExpiresAt, isRevoked: false, previousKeys: [] };
}

function byKey<Row extends { readonly storageKey: Buffer }>(rows: readonly Row[]): Row[] {
  return [...rows].sort((a, b) => a.storageKey.compare(b.storageKey));
}

/** Marks and deadlines have whole milliseconds, and a fast database does a lot within one. */
async function whenItIsLater(tier: DurableTier, time: number): Promise<number> {
  for (;;) {
    const now = await tier.probe();
    if (now > time) return now;
  }
}
