import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { durableCases, type DurableTierCase } from '../bed.ts';
import {
  HOUR,
  aRecord,
  inOrder,
  insert,
  insertion,
  key,
  marks,
  move,
  revocation,
  revokeAll,
  successor,
  write,
} from '../records.ts';
import type { DurableTier, WriteCommand } from '../../../tiers/durable.ts';

export const lateWriteCases: readonly DurableTierCase[] = durableCases('a write after its deadline', {
  'inserts nothing': async ({ tier }) => {
    const record = aRecord();
    equal(await tier.sessions.insert({ ...insertion(record), ...(await late(tier)) }), 'late');
    equal(await tier.sessions.read(record.storageKey), null);
  },

  'updates nothing and marks nothing': async ({ tier }) => {
    const record = await insert(tier);
    equal(await tier.sessions.update({ ...write(successor(record)), dirty: true, ...(await late(tier)) }), false);
    deepEqual(await tier.sessions.read(record.storageKey), record);
    deepEqual(await marks(tier), []);
  },

  'regenerates nothing and marks nothing': async ({ tier }) => {
    const record = await insert(tier);
    const command = { ...move(record), dirty: true, ...(await late(tier)) };
    equal(await tier.sessions.regenerate(command), false);
    deepEqual(await tier.sessions.read(record.storageKey), record);
    equal(await tier.sessions.read(command.record.storageKey), null);
    equal(await tier.sessions.findRegenerated(record.storageKey, 0), null);
    deepEqual(await marks(tier), []);
  },

  'revokes nothing and marks nothing': async ({ tier }) => {
    const record = await insert(tier);
    equal(await tier.sessions.revoke(revocation(record.storageKey, { dirty: true, ...(await late(tier)) })), null);
    equal(await tier.sessions.revokeMany(revokeAll({ of: 'everyone', ...(await late(tier)) })), 'late');
    equal(await tier.sessions.revokeMany(revokeAll({ of: [record.userKey!], ...(await late(tier)) })), 'late');
    deepEqual(await tier.sessions.read(record.storageKey), record);
    deepEqual(await marks(tier), []);
  },

  'is reported by revokeMany only where there is something to revoke': async ({ tier }) => {
    const userKey = key();
    const some = await Promise.all([1, 2].map(() => insert(tier, { userKey })));
    const spared = inOrder(some).at(-1)!;
    const rest = { of: [userKey], except: spared.storageKey };
    await tier.sessions.revokeMany(revokeAll(rest));
    deepEqual(await tier.sessions.revokeMany(revokeAll({ ...rest, ...(await late(tier)) })), []);
    deepEqual(await tier.sessions.revokeMany(revokeAll({ of: [key()], ...(await late(tier)) })), []);
    equal(await tier.sessions.revokeMany(revokeAll({ of: [userKey], ...(await late(tier)) })), 'late');
    deepEqual(await tier.sessions.read(spared.storageKey), spared);
  },

  'is late only once the database’s clock has passed the deadline': async ({ tier }) => {
    const record = aRecord();
    equal(await tier.sessions.insert({ ...insertion(record), ...(await soon(tier)) }), 'inserted');
    const next = successor(record);
    equal(await tier.sessions.update({ ...write(next), ...(await soon(tier)) }), true);
    const moved = { ...move(next), ...(await soon(tier)) };
    equal(await tier.sessions.regenerate(moved), true);
    notEqual(await tier.sessions.revoke(revocation(moved.record.storageKey, await soon(tier))), null);
    const { userKey } = await insert(tier);
    equal((await tier.sessions.revokeMany(revokeAll({ of: [userKey!], ...(await soon(tier)) }))).length, 1);
  },

  'may have a deadline that is not a whole millisecond': async ({ tier }) => {
    const record = await insert(tier);
    const now = (await tier.probe()) - 0.5;
    equal(await tier.sessions.update({ ...write(successor(record)), validUntil: now }), false);
    equal(await tier.sessions.update({ ...write(successor(record)), validUntil: now + HOUR }), true);
  },

  'finds itself where it ran in time before': async ({ tier }) => {
    const record = await insert(tier);
    const updated = write(successor(record));
    await tier.sessions.update(updated);
    equal(await tier.sessions.update({ ...updated, ...(await late(tier)) }), true);
    const moved = move(updated.record);
    await tier.sessions.regenerate(moved);
    equal(await tier.sessions.regenerate({ ...moved, ...(await late(tier)) }), true);
    const revoked = revocation(moved.record.storageKey);
    const row = await tier.sessions.revoke(revoked);
    deepEqual(await tier.sessions.revoke({ ...revoked, ...(await late(tier)) }), row);
    const { userKey } = await insert(tier);
    const many = revokeAll({ of: [userKey!] });
    const rows = await tier.sessions.revokeMany(many);
    equal(rows.length, 1);
    deepEqual(await tier.sessions.revokeMany({ ...many, ...(await late(tier)) }), rows);
  },
});

async function late(tier: DurableTier): Promise<Pick<WriteCommand, 'validUntil'>> {
  return { validUntil: (await tier.probe()) - 1 };
}

async function soon(tier: DurableTier): Promise<Pick<WriteCommand, 'validUntil'>> {
  return { validUntil: (await tier.probe()) + HOUR };
}
