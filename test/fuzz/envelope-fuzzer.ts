import { Codec } from '../../src/codec/codec.ts';
import { sealEnvelope } from '../../src/codec/envelope.ts';
import { encodeRecord } from '../../src/codec/record-format.ts';
import { EnvelopeError } from '../../src/errors.ts';
import type { KeyRing } from '../../src/keys/ring/key-ring.ts';
import type { DataKey } from '../../src/keys/ring/ring-key.ts';
import { systemPlatform } from '../../src/platform/platform.ts';
import { Random } from '../simulation/random.ts';
import { fixtureRing } from '../support/ring-fixtures.ts';
import {
  bindingOf,
  keyIn,
  NAMESPACE,
  OTHER_STORAGE_KEY,
  recordOf,
  STORAGE_KEY,
  strangeKeyId,
} from '../support/sealing-fixtures.ts';
import { Tally, type FuzzOptions } from './tally.ts';
import { RingInUse } from '../../src/keys/ring/ring-in-use.ts';

/** Everything before the nonce: magic, version, suite, flags, key id, revision. */
const HEADER_BYTES = 20;
const KEY_ID_AT = 4;
const REVISION_AT = 12;
const REASONS = new Set<string>(['malformed', 'revoked-key', 'tampered', 'unknown-key']);

/** Numbers at the edges of what a header's revision may be. */
const REVISIONS = [0n, 1n, 2n, 5n, 6n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

interface Corpus {
  readonly ring: KeyRing;
  /** Sound envelopes of the session `STORAGE_KEY`, under keys in every state. */
  readonly envelopes: readonly Buffer[];
  readonly sound: ReadonlySet<string>;
  /** Those among them whose key is retired or revoked, or descends from one that is revoked. */
  readonly dead: readonly Buffer[];
}

type Mutate = (random: Random, corpus: Corpus) => Buffer;

const MUTATIONS: Readonly<Record<string, Mutate>> = {
  'bits flipped': (random, corpus) => {
    const mutant = Buffer.from(anyOf(random, corpus));
    for (let flips = 1 + random.below(4); flips > 0; flips -= 1) {
      const bit = random.below(mutant.length * 8);
      mutant[bit >> 3] = mutant[bit >> 3]! ^ (1 << (bit & 7));
    }
    return mutant;
  },
  'header bits flipped': (random, corpus) => {
    const mutant = Buffer.from(anyOf(random, corpus));
    const bit = random.below((HEADER_BYTES + 24) * 8);
    mutant[bit >> 3] = mutant[bit >> 3]! ^ (1 << (bit & 7));
    return mutant;
  },
  'header field replaced': (random, corpus) => {
    const mutant = Buffer.from(anyOf(random, corpus));
    const field = random.below(5);
    if (field < 4) mutant[field] = random.pick([0, 1, 2, 3, 0x53, 0x7f, 0x80, 0xff])!;
    else mutant.writeBigUInt64BE(random.pick(REVISIONS)!, REVISION_AT);
    return mutant;
  },
  'key id of another': (random, corpus) => {
    const mutant = Buffer.from(anyOf(random, corpus));
    const { kid } = random.pick(corpus.ring.keys())!;
    mutant.set(Buffer.from(kid, 'base64url').subarray(0, 8), KEY_ID_AT);
    if (random.chance(0.5)) mutant[2] = 3 - mutant[2]!;
    return mutant;
  },
  'header of another': (random, corpus) => {
    const mutant = Buffer.from(anyOf(random, corpus));
    mutant.set(anyOf(random, corpus).subarray(0, HEADER_BYTES), 0);
    return mutant;
  },
  cut: (random, corpus) => {
    const envelope = anyOf(random, corpus);
    const at = random.below(envelope.length);
    return random.chance(0.5) ? envelope.subarray(0, at) : envelope.subarray(at + 1);
  },
  longer: (random, corpus) => {
    const extra = randomBytes(random, 1 + random.below(random.pick([2, 16, 2_000])!));
    const envelope = anyOf(random, corpus);
    const at = random.chance(0.5) ? envelope.length : random.below(envelope.length);
    return Buffer.concat([envelope.subarray(0, at), extra, envelope.subarray(at)]);
  },
  joined: (random, corpus) => {
    const [head, tail] = [anyOf(random, corpus), anyOf(random, corpus)];
    const from = random.below(tail.length);
    // As often at the same place as at any: then the lengths agree.
    const until = random.chance(0.5) ? Math.min(from, head.length) : random.below(head.length);
    return Buffer.concat([head.subarray(0, until), tail.subarray(from)]);
  },
  'part overwritten': (random, corpus) => {
    const mutant = Buffer.from(anyOf(random, corpus));
    const from = random.below(mutant.length);
    const length = Math.min(1 + random.below(40), mutant.length - from);
    if (random.chance(0.3)) mutant.fill(random.pick([0, 0xff])!, from, from + length);
    else random.fill(mutant, from, length);
    return mutant;
  },
  'random after a header': (random, corpus) =>
    Buffer.concat([anyOf(random, corpus).subarray(0, HEADER_BYTES), randomBytes(random, random.below(300))]),
  random: (random) => randomBytes(random, random.below(random.pick([4, 64, 1_000])!)),
};

type Place = 'another namespace' | 'another session' | 'its own';

interface Mutant {
  readonly mutation: string;
  readonly bytes: Buffer;
  readonly place: Place;
}

function mutated(random: Random, corpus: Corpus): Mutant {
  const mutation = random.pick(Object.keys(MUTATIONS))!;
  return { mutation, bytes: MUTATIONS[mutation]!(random, corpus), place: 'its own' };
}

/** Sound bytes that may not be opened: in another session, in another namespace, or by or after a key that opens nothing any more. */
function misplaced(random: Random, corpus: Corpus): Mutant {
  if (random.chance(0.3))
    return { mutation: 'key retired or revoked', bytes: random.pick(corpus.dead)!, place: 'its own' };
  const place = random.pick(['another namespace', 'another session'] as const)!;
  return { mutation: 'moved', bytes: anyOf(random, corpus), place };
}

/** Throws unless every mutant is refused with an `EnvelopeError` that gives a reason. */
export async function fuzzEnvelopes({ count, seed, onProgress }: FuzzOptions): Promise<Tally> {
  const random = new Random(seed);
  const corpus = makeCorpus(await fixtureRing());
  const codecs = { own: codecOf(corpus.ring, NAMESPACE), other: codecOf(corpus.ring, 'bank') };
  const tally = new Tally();
  while (tally.total < count) {
    const { mutation, bytes, place } = random.chance(0.03) ? misplaced(random, corpus) : mutated(random, corpus);
    if (mutation in MUTATIONS && corpus.sound.has(bytes.toString('latin1'))) continue;
    const mutant = random.chance(0.2) ? viewOf(random, bytes) : bytes;
    const reason = reasonOf(() => open(codecs, place, mutant));
    if (reason === undefined) {
      throw new Error(
        `Seed ${seed}, mutant ${tally.total}: ${mutation} in ${place} was not refused: ${bytes.toString('hex')}`,
      );
    }
    tally.add(mutation, reason);
    if (tally.total % 10_000 === 0) onProgress?.(tally.total);
  }
  return tally;
}

function open({ own, other }: { own: Codec; other: Codec }, place: Place, mutant: Buffer): void {
  if (place === 'another namespace') other.open(STORAGE_KEY, mutant);
  else if (place === 'another session') own.open(OTHER_STORAGE_KEY, mutant);
  else own.open(STORAGE_KEY, mutant);
}

/** Undefined if it opened, or failed in any other way than it should. */
function reasonOf(opening: () => void): string | undefined {
  try {
    opening();
    return undefined;
  } catch (error) {
    if (!(error instanceof EnvelopeError) || !REASONS.has(error.reason)) return undefined;
    return error.message === 'A stored session could not be opened.' ? error.reason : undefined;
  }
}

function makeCorpus(ring: KeyRing): Corpus {
  const keys = ring.keys().filter(({ use }) => use === 'enc');
  const sizes = [0, 1, 15, 16, 17, 100, 800, 5_000];
  const revoked = keyIn(ring, 'revoked');
  const lineages = [[], [strangeKeyId(1)], [strangeKeyId(1), revoked.keyId]];
  const sealed = keys.flatMap(({ kid, state }) =>
    sizes.flatMap((size) => {
      const key = ring.dataKey(Buffer.from(kid, 'base64url')) as DataKey;
      return [1, 5, 6].map((revision, at) => {
        const lineage = key === revoked ? [] : lineages[at]!;
        const record = recordOf({ revision, lineage, data: Buffer.from(JSON.stringify({ text: 'x'.repeat(size) })) });
        const envelope = sealEnvelope(
          key,
          bindingOf(),
          { revision, plaintext: encodeRecord(record, 1) },
          systemPlatform,
        );
        const isDead = state === 'retired' || state === 'revoked' || lineage.includes(revoked.keyId);
        return { envelope, isDead };
      });
    }),
  );
  const envelopes = sealed.map(({ envelope }) => envelope);
  const dead = sealed.filter(({ isDead }) => isDead).map(({ envelope }) => envelope);
  // The others do open: else it would say nothing that their mutants do not.
  const codec = codecOf(ring, NAMESPACE);
  for (const { envelope, isDead } of sealed) if (!isDead) codec.open(STORAGE_KEY, envelope);
  return { ring, envelopes, dead, sound: new Set(envelopes.map((envelope) => envelope.toString('latin1'))) };
}

function codecOf(ring: KeyRing, namespace: string): Codec {
  return new Codec({ ringInUse: new RingInUse(ring), namespace, platform: systemPlatform, maxPayloadBytes: 10_000 });
}

const anyOf = (random: Random, { envelopes }: Corpus): Buffer => random.pick(envelopes)!;

function randomBytes(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  random.fill(bytes, 0, length);
  return bytes;
}

/** The same bytes in the middle of others, as drivers hand them over. */
function viewOf(random: Random, bytes: Buffer): Buffer {
  const before = random.below(40);
  return Buffer.concat([Buffer.alloc(before, 0x53), bytes, Buffer.alloc(30, 0x53)]).subarray(
    before,
    before + bytes.length,
  );
}
