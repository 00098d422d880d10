import { expect, it } from 'vitest';
import { verdictOn } from '../../../src/cli/inspect/session-report.ts';
import { SessionClient } from '../../../src/index.ts';
import { storageKeyOf } from '../../../src/session/session-id.ts';
import type { SealedRecord } from '../../../src/session/sealed-record.ts';
import type { PrimaryEntry } from '../../../src/tiers/primary.ts';
import { memoryClient } from '../../support/memory-client.ts';

const vantage = { incarnation: 'a', earliest: 1, latest: 1 };
const envelope = (filled: number): Buffer => Buffer.alloc(40, filled);
const seen = (entry: PrimaryEntry) => ({ entry, shard: 'main', vantage });
const value = (revision: number, filled: number) =>
  seen({
    kind: 'value',
    revision,
    stamp: { incarnation: 'a', at: 1 },
    lastSeenAt: 1,
    idleExpiresAt: 2,
    envelope: envelope(filled),
  });
const row = {
  kind: 'row',
  row: { revision: 7, envelope: envelope(7) } satisfies Partial<SealedRecord> as SealedRecord,
} as const;
const none = { kind: 'none' } as const;
const revoked = { kind: 'revoked' } as const;

it.each([
  ['no answer of Redis says nothing', null, row, null, 'not reached'],
  ['no copy says nothing', seen({ kind: 'absent' }), row, null, 'no copy'],
  ['nothing anywhere is agreed', seen({ kind: 'absent' }), none, true, 'Neither'],
  ['an end that only the database has is agreed', seen({ kind: 'absent' }), revoked, true, 'ended'],
  ['a hold says nothing', seen({ kind: 'hold' }), row, null, 'under way'],
  ['a lease says nothing', seen({ kind: 'lease' }), none, null, 'under way'],
  ['a tombstone and a revoked row are agreed', seen({ kind: 'tombstone' }), revoked, true, 'ended'],
  ['a tombstone and a living row are not', seen({ kind: 'tombstone' }), row, false, 'revocation'],
  ['a copy of a session that has ended is not', value(7, 7), revoked, false, 'has ended'],
  ['an older copy is behind', value(6, 6), row, false, 'behind'],
  ['a newer copy is ahead', value(8, 8), row, false, 'ahead'],
  ['the same revision in another envelope is not agreed', value(7, 6), row, false, 'not the same envelope'],
  ['the same envelope is agreed', value(7, 7), row, true, 'the same'],
] as const)('%s', (_, primary, durable, agree, words) => {
  const [found, verdict] = verdictOn(primary, durable);
  expect(found).toBe(agree);
  expect(verdict).toContain(words);
});

it('a revoked row is distinguished from none, also the last row of the table', async () => {
  const { sessions } = await memoryClient();
  const ids = await Promise.all(Array.from({ length: 5 }, async () => (await sessions.create({ cart: [] })).id));
  await Promise.all(ids.map((id) => sessions.destroy(id)));
  const look = (id: string) => SessionClient.engineOf(sessions)?.use(({ store }) => store.inspect(storageKeyOf(id)));
  for (const id of ids) expect((await look(id))?.durable.kind).toBe('revoked');
  for (let n = 0; n < 20; n += 1) expect((await look(sessions.newId()))?.durable.kind).toBe('none');
  await sessions.close();
});
