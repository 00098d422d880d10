import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Codec } from '../../src/codec/codec.ts';
import { openEnvelope, readEnvelopeHeader, sealEnvelope } from '../../src/codec/envelope.ts';
import { decodeRecord, encodeRecord } from '../../src/codec/record-format.ts';
import { EnvelopeError } from '../../src/errors.ts';
import type { KeyRing } from '../../src/keys/ring/key-ring.ts';
import type { Suite } from '../../src/keys/ring/ring-key.ts';
import { KEY_ID_BYTES } from '../../src/limits/keys.ts';
import { LINEAGE_KEYS_MAX } from '../../src/limits/session.ts';
import { systemPlatform } from '../../src/platform/platform.ts';
import type { SessionRecord } from '../../src/session/session-record.ts';
import { fuzzEnvelopes } from '../fuzz/envelope-fuzzer.ts';
import { fixtureRing } from '../support/ring-fixtures.ts';
import { bindingOf, keyOfSuite, STORAGE_KEY } from '../support/sealing-fixtures.ts';
import { RingInUse } from '../../src/keys/ring/ring-in-use.ts';

const CASES = ([1, 2] as const).flatMap((suite) => [0, 1, 16, 100, 800].map((bytes) => ({ suite, bytes })));

let ring: KeyRing;

beforeAll(async () => {
  ring = await fixtureRing();
});

function sealed(suite: Suite, bytes: number, revision = 5): Buffer {
  const message = { revision, plaintext: Buffer.alloc(bytes, 'x') };
  return sealEnvelope(keyOfSuite(ring, suite), bindingOf(), message, systemPlatform);
}

/** What opening throws; the number of opened bytes if it does not. */
function outcomeOf(envelope: Buffer): unknown {
  try {
    return openEnvelope(ring, bindingOf(), envelope).plaintext.length;
  } catch (error) {
    return error;
  }
}

function expectRefused(envelope: Buffer, what: string): void {
  const outcome = outcomeOf(envelope);
  if (!(outcome instanceof EnvelopeError)) expect.fail(`${what}: ${String(outcome)}`);
}

describe('an envelope', () => {
  it.each(CASES)(
    'of suite $suite with $bytes bytes is refused when any one of its bits is flipped',
    ({ suite, bytes }) => {
      const envelope = sealed(suite, bytes);
      expect(outcomeOf(envelope)).toBe(bytes);
      for (let bit = 0; bit < envelope.length * 8; bit += 1) {
        const altered = Buffer.from(envelope);
        altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
        expectRefused(altered, `bit ${bit}`);
      }
    },
  );

  it.each(CASES)(
    'of suite $suite with $bytes bytes is refused when it is cut anywhere, at either end',
    ({ suite, bytes }) => {
      const envelope = sealed(suite, bytes);
      for (let cut = 0; cut < envelope.length; cut += 1) {
        expectRefused(envelope.subarray(0, cut), `the first ${cut} bytes`);
        expectRefused(envelope.subarray(envelope.length - cut), `the last ${cut} bytes`);
      }
    },
  );

  it('is refused when it is joined from two envelopes of one session', () => {
    const [older, newer] = [sealed(2, 64, 5), sealed(2, 64, 6)];
    for (let at = 1; at < older.length; at += 1) {
      const joined = Buffer.concat([newer.subarray(0, at), older.subarray(at)]);
      if (!joined.equals(older) && !joined.equals(newer)) expectRefused(joined, `joined at ${at}`);
    }
  });

  it('that is random bytes never opens and never crashes', () => {
    const header = fc.constantFrom(...[1, 2].map((suite) => sealed(suite as Suite, 0).subarray(0, 20)));
    const likely = fc.tuple(header, fc.uint8Array({ maxLength: 200 })).map((parts) => Buffer.concat(parts));
    const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(likely, random), (bytes) => {
        expectRefused(bytes, bytes.toString('hex'));
      }),
      { numRuns: 2_000 },
    );
  });

  it('has a readable header, or is malformed, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          expect(readEnvelopeHeader(Buffer.from(bytes)).revision).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ reason: 'malformed' });
        }
      }),
    );
  });
});

const time = fc.integer({ min: 1, max: 2 ** 46 });
const text = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: 'grapheme', minLength: 1, maxLength });

const keyId = fc.uint8Array({ minLength: KEY_ID_BYTES, maxLength: KEY_ID_BYTES }).map((bytes) => Buffer.from(bytes));

const record: fc.Arbitrary<SessionRecord> = fc
  .record({
    revision: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    createdAt: time,
    lifetime: time,
    idleLifetimeMs: time,
    authenticatedAt: fc.option(time, { nil: undefined }),
    lineage: fc.uniqueArray(keyId, { maxLength: LINEAGE_KEYS_MAX, selector: (id) => id.toString('hex') }),
    userId: fc.option(text(20), { nil: undefined }),
    label: fc.option(text(20), { nil: undefined }),
    schemaVersion: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    data: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
  })
  .map(({ lifetime, ...rest }) => ({ ...rest, absoluteExpiresAt: rest.createdAt + lifetime }));

it('no mutated envelope opens or crashes: each is refused with a reason for the operator', async () => {
  const tally = await fuzzEnvelopes({ count: 60_000, seed: 1 });
  expect(tally.mutations).toHaveLength(13);
  expect(tally.outcomes).toEqual(['malformed', 'revoked-key', 'tampered', 'unknown-key']);
});

describe('a record', () => {
  it('comes back from its envelope as it was, with the key that sealed it behind its lineage', () => {
    const codec = new Codec({
      ringInUse: new RingInUse(ring),
      namespace: 'shop',
      platform: systemPlatform,
      maxPayloadBytes: 1_000,
    });
    fc.assert(
      fc.property(record, (before) => {
        const lineage = [...before.lineage, ring.sealingKey.keyId];
        expect(codec.open(STORAGE_KEY, codec.seal(STORAGE_KEY, before))).toEqual({ ...before, lineage });
      }),
      { numRuns: 500 },
    );
  });

  it('has one spelling: bytes that decode encode to themselves', () => {
    const altered = fc.tuple(record, fc.nat(), fc.nat(255)).map(([before, at, by]) => {
      const bytes = encodeRecord(before, 1);
      bytes[at % bytes.length] = by;
      return bytes;
    });
    fc.assert(
      fc.property(
        fc.oneof(
          altered,
          fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
        ),
        (bytes) => {
          let decoded: SessionRecord;
          try {
            decoded = decodeRecord(bytes, 1, 1);
          } catch (error) {
            expect(error).toMatchObject({ reason: 'malformed' });
            return;
          }
          expect(encodeRecord(decoded, 1)).toEqual(bytes);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
