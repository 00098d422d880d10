import { deepEqual, equal, rejects } from 'node:assert/strict';
import { matches } from '../../checks.ts';
import { durableCases, type DurableTierCase } from '../bed.ts';
import {
  HOUR,
  NOW,
  RACERS,
  insert,
  insertion,
  key,
  keysRemembered,
  move,
  regenerateRepeatedly,
  revocation,
  successor,
  touchOf,
  write,
  writeId,
} from '../records.ts';

export const regenerateCases: readonly DurableTierCase[] = durableCases('sessions.regenerate', {
  'moves the session to its new key and leaves nothing at the old one': async ({ tier }) => {
    const record = await insert(tier);
    const life = {
      createdAt: NOW + 1,
      idleLifetimeMs: 20,
      idleExpiresAt: NOW + 21,
      absoluteExpiresAt: NOW + 20 * HOUR,
    };
    const command = move(record, { userKey: key(), ...life });
    equal(await tier.sessions.regenerate(command), true);
    deepEqual(await tier.sessions.read(command.record.storageKey), command.record);
    equal(await tier.sessions.read(record.storageKey), null);
    equal(await tier.sessions.update(write(successor(record))), false);
    equal(await tier.sessions.touch(touchOf(record)), null);
    equal(await tier.sessions.revoke(revocation(record.storageKey)), null);
  },

  'moves idle times forward only': async ({ tier }) => {
    const record = await insert(tier);
    const command = move(record, { lastSeenAt: 1, idleExpiresAt: 1 });
    equal(await tier.sessions.regenerate(command), true);
    const { lastSeenAt, idleExpiresAt } = record;
    matches(await tier.sessions.readState(command.record.storageKey), { lastSeenAt, idleExpiresAt });
  },

  'changes nothing where the revision differs': async ({ tier }) => {
    const record = await insert(tier);
    const command = move(record, { revision: 3 });
    equal(await tier.sessions.regenerate(command), false);
    deepEqual(await tier.sessions.read(record.storageKey), record);
    equal(await tier.sessions.read(command.record.storageKey), null);
  },

  'refuses a key that is taken, and changes neither session': async ({ tier }) => {
    const record = await insert(tier);
    const other = await insert(tier);
    const command = move(record, { storageKey: other.storageKey });
    await rejects(tier.sessions.regenerate(command), {
      kind: 'rejected',
      reason: 'unique-violation',
    });
    deepEqual(await tier.sessions.read(record.storageKey), record);
    deepEqual(await tier.sessions.read(other.storageKey), other);
  },

  'returns the same answer to a repeated command, and remembers the old key once': async ({ tier }) => {
    const record = await insert(tier);
    const command = move(record);
    equal(await tier.sessions.regenerate(command), true);
    equal(await tier.sessions.regenerate(command), true);
    equal(await tier.sessions.regenerate({ ...command, writeId: writeId() }), false);
    deepEqual(await tier.sessions.read(command.record.storageKey), command.record);
    equal((await keysRemembered(tier, [record.storageKey], command.record.storageKey)).length, 1);
  },

  'one of many concurrent calls wins, so that there is one new key': async ({ tier }) => {
    const record = await insert(tier);
    const rivals = Array.from({ length: RACERS }, () => move(record));
    const won = await Promise.all(rivals.map((rival) => tier.sessions.regenerate(rival)));
    equal(won.filter(Boolean).length, 1);
    const read = await Promise.all(rivals.map((rival) => tier.sessions.read(rival.record.storageKey)));
    deepEqual(
      read.filter((found) => found !== null),
      [rivals[won.indexOf(true)]?.record],
    );
  },

  'findRegenerated finds the session by an earlier key, if it moved since the given time': async ({ tier }) => {
    const record = await insert(tier);
    const { record: next, ...rest } = move(record);
    await tier.sessions.regenerate({ ...rest, record: next, regeneratedAt: NOW });
    deepEqual(await tier.sessions.findRegenerated(record.storageKey, NOW), {
      storageKey: next.storageKey,
      isRevoked: false,
    });
    equal(await tier.sessions.findRegenerated(record.storageKey, NOW + 1), null);
    equal(await tier.sessions.findRegenerated(next.storageKey, NOW), null);
    equal(await tier.sessions.findRegenerated(key(), 0), null);
  },

  'findRegenerated answers many concurrent calls, each by its own key and time': async ({ tier }) => {
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
    deepEqual(found, [...present, ...moves.map(() => null), null]);
    const late = moves.map(({ previousStorageKey }) => tier.sessions.findRegenerated(previousStorageKey, NOW + 2));
    deepEqual(
      (await Promise.all(late)).map((each) => each !== null),
      [false, false, true, true, true],
    );
  },

  'findRegenerated finds nothing by bytes that span two remembered keys': async ({ tier }) => {
    const chain = await regenerateRepeatedly(tier, 2);
    const [first, second] = chain as [Buffer, Buffer];
    const across = Buffer.concat([first.subarray(16), second.subarray(0, 16)]);
    equal(await tier.sessions.findRegenerated(across, 0), null);
  },

  'the row remembers its eight latest keys, whatever their bytes': async ({ tier }) => {
    const chain = await regenerateRepeatedly(tier, 12);
    const present = chain.at(-1) as Buffer;
    deepEqual(await keysRemembered(tier, chain, present), chain.slice(4, 12));
  },

  'findRegenerated finds a revoked session, and reports that it is revoked': async ({ tier }) => {
    const record = await insert(tier);
    const command = move(record);
    const { storageKey } = command.record;
    await tier.sessions.regenerate(command);
    await tier.sessions.revoke(revocation(storageKey));
    deepEqual(await tier.sessions.findRegenerated(record.storageKey, 0), { storageKey, isRevoked: true });
  },

  'findRegenerated prefers the living one of two sessions that had the same key': async ({ tier }) => {
    const record = await insert(tier);
    const moves = [move(record), move(record)];
    await tier.sessions.regenerate(moves[0]!);
    await tier.sessions.insert(insertion(record));
    await tier.sessions.regenerate(moves[1]!);
    const keys = moves.map(({ record: { storageKey } }) => storageKey);
    const found = await tier.sessions.findRegenerated(record.storageKey, 0);
    await tier.sessions.revoke(revocation(found!.storageKey));
    const [other] = keys.filter((each) => !each.equals(found!.storageKey));
    deepEqual(await tier.sessions.findRegenerated(record.storageKey, 0), {
      storageKey: other,
      isRevoked: false,
    });
  },
});
