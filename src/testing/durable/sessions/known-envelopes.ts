import { deepEqual, equal } from 'node:assert/strict';
import { ENVELOPE_TAG_BYTES } from '../../../limits/codec.ts';
import type { SealedRecord } from '../../../session/sealed-record.ts';
import { durableCases, type DurableTierCase } from '../bed.ts';
import { insert, randomBytes, revocation, successor, write } from '../records.ts';
import type { DurableTier } from '../../../tiers/durable.ts';

export const knownEnvelopeCases: readonly DurableTierCase[] = durableCases('a read with a known envelope', {
  'returns the known envelope where it is the row’s, and everything else as usual': async ({ tier }) => {
    const record = await insert(tier, { userKey: null, envelope: randomBytes(800) });
    const known = endingAs(record.envelope);
    deepEqual(await readKnowing(tier, record, known), { ...record, envelope: known });
    const next = successor(record);
    await tier.sessions.update(write(next));
    deepEqual(await readKnowing(tier, record, known), next);
  },

  'returns the row’s envelope where the known one differs or is shorter than a tag': async ({ tier }) => {
    const record = await insert(tier, { envelope: randomBytes(800) });
    const almost = Buffer.from(record.envelope);
    almost.writeUInt8(almost.at(-ENVELOPE_TAG_BYTES)! ^ 1, almost.length - ENVELOPE_TAG_BYTES);
    for (const known of [almost, randomBytes(800), Buffer.alloc(0), record.envelope.subarray(-15)]) {
      deepEqual(await readKnowing(tier, record, known), record);
    }
    const short = await insert(tier, { envelope: randomBytes(3) });
    deepEqual(await readKnowing(tier, short, endingAs(short.envelope)), short);
  },

  'returns null for a revoked row': async ({ tier }) => {
    const record = await insert(tier);
    await tier.sessions.revoke(revocation(record.storageKey));
    equal(await readKnowing(tier, record, record.envelope), null);
    equal(await readKnowing(tier, record, Buffer.alloc(ENVELOPE_TAG_BYTES)), null);
  },

  'compares, for many concurrent calls, each row with the envelope that its caller knows': async ({ tier }) => {
    const records = await Promise.all(Array.from({ length: 40 }, () => insert(tier, { envelope: randomBytes(80) })));
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
    deepEqual(answers, expected);
  },
});

/** Makes another envelope that ends as this one does: the one that comes back shows which of the two travelled. */
function endingAs(envelope: Buffer): Buffer {
  return Buffer.concat([randomBytes(32), envelope.subarray(-ENVELOPE_TAG_BYTES)]);
}

function readKnowing(tier: DurableTier, { storageKey }: SealedRecord, known: Buffer): Promise<SealedRecord | null> {
  return tier.sessions.read(storageKey, known);
}
