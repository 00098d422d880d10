import { hash } from 'node:crypto';
import { KeyRingError } from '../../src/errors.ts';
import { KeyRing } from '../../src/keys/ring/key-ring.ts';
import type { RingOpener } from '../../src/keys/seal/ring-opener.ts';
import { Random } from '../simulation/random.ts';
import { fakeWrapper } from '../support/fake-wrapper.ts';
import { canariesOf, fixtureRing, KEK, standardKeys } from '../support/ring-fixtures.ts';
import { Tally, type FuzzOptions } from './tally.ts';

const PASSPHRASE = 'correct horse battery staple';
const WRAPPER = fakeWrapper('kms/one');
const OTHER_KEK = Buffer.from(KEK).reverse();
const SECRETS = [...canariesOf(standardKeys()), PASSPHRASE, KEK.toString('hex'), KEK.toString('base64url')];

/** Values that a header may not have, or that another header has. */
const STRANGE: readonly unknown[] = [
  undefined, null, true, 0, -1, 1.5, 6e5, 209_999, 1_000_001, 2 ** 53, '', 'A', 'AAAA', 'A'.repeat(22), 'A'.repeat(54),
  'A256KW', 'A128KW', 'dir', 'none', 'PBES2-HS512+A256KW', 'A256GCM', 'A128GCM', 'A256CBC-HS512', 'DEF', 'kms/one', 'kms/two',
  'holdfast-key-ring+jwe', 'jwk-set+json', ['alg'], [], {}, { alg: 'A256KW' },
]; // prettier-ignore

const MEMBERS = [
  'alg',
  'enc',
  'typ',
  'cty',
  'kid',
  'p2s',
  'p2c',
  'zip',
  'crit',
  'holdfast:wrapped',
  'epk',
  'iv',
  'tag',
];

interface Sealed {
  readonly text: string;
  /** Those that are tried: a derivation for each mutant would take months, so passphrases are not. */
  readonly openers: readonly RingOpener[];
}

interface Corpus {
  readonly files: readonly Sealed[];
  readonly sound: ReadonlySet<string>;
}

type Json = Record<string, unknown>;
type Mutate = (random: Random, corpus: Corpus, file: Sealed) => string;

const MUTATIONS: Readonly<Record<string, Mutate>> = {
  'characters replaced': (random, _, { text }) => {
    let mutant = text;
    for (let edits = 1 + random.below(3); edits > 0; edits -= 1) {
      const at = random.below(mutant.length);
      mutant = mutant.slice(0, at) + random.pick([...'AZaz09-_.={}[]":, \0é\n'])! + mutant.slice(at + random.below(3));
    }
    return mutant;
  },
  cut: (random, _, { text }) => {
    const at = random.below(text.length);
    return random.chance(0.5) ? text.slice(0, at) : text.slice(at + 1);
  },
  joined: (random, { files }, { text }) => {
    const other = random.pick(files)!.text;
    const at = random.below(text.length);
    return text.slice(0, at) + other.slice(random.chance(0.5) ? at : random.below(other.length));
  },
  'header member replaced': (random, _, { text }) => {
    if (text.startsWith('{')) return onRecipient(random, text, (header) => replaceMember(random, header));
    const [header = '', ...others] = text.split('.');
    const changed = replaceMember(random, JSON.parse(Buffer.from(header, 'base64url').toString()) as Json);
    return [Buffer.from(JSON.stringify(changed)).toString('base64url'), ...others].join('.');
  },
  'part of another': (random, { files }, { text }) => {
    const alike = files.filter((file) => file.text.startsWith('{') === text.startsWith('{'));
    const other = random.pick(alike)!.text;
    if (text.startsWith('{')) {
      const [mine, theirs] = [JSON.parse(text) as Json, JSON.parse(other) as Json];
      const member = random.pick(Object.keys(mine))!;
      return JSON.stringify({ ...mine, [member]: theirs[member] });
    }
    const at = random.below(5);
    return text.split('.').map((part, index) => (index === at ? other.split('.')[at] : part)).join('.'); // prettier-ignore
  },
  'recipients rearranged': (random, { files }, { text }) => {
    if (!text.startsWith('{')) return `${text}.${text.slice(0, random.below(9))}`;
    const jwe = JSON.parse(text) as { recipients: unknown[] };
    const others = files.flatMap((file) =>
      file.text.startsWith('{') ? (JSON.parse(file.text) as typeof jwe).recipients : [],
    );
    const pool = [...jwe.recipients, ...others, {}, { header: {} }];
    return JSON.stringify({ ...jwe, recipients: Array.from({ length: random.below(13) }, () => random.pick(pool)) });
  },
  respelled: (random, _, { text }) => {
    if (!text.startsWith('{')) return text.replace('.', random.pick(['..', '.\n', '. ', '=.', '.='])!);
    const jwe = JSON.parse(text) as Json;
    if (random.chance(0.3)) return JSON.stringify(jwe, null, 1 + random.below(3));
    return JSON.stringify(
      Object.fromEntries(Object.entries({ ...jwe, ...(random.chance(0.3) ? { extra: 1 } : {}) }).reverse()),
    );
  },
  random: (random) => Array.from({ length: random.below(400) }, () => random.pick([...'AZaz09-_.{}[]":,'])!).join(''),
};

/** Throws unless every mutant is refused with a `KeyRingError` that shows nothing secret. */
export async function fuzzRings({ count, seed, onProgress }: FuzzOptions): Promise<Tally> {
  const random = new Random(seed);
  const corpus = await makeCorpus();
  const tally = new Tally();
  const names = Object.keys(MUTATIONS);
  while (tally.total < count) {
    const mutation = random.pick(names)!;
    const file = random.pick(corpus.files)!;
    const raw = MUTATIONS[mutation]!(random, corpus, file);
    const mutant = random.chance(0.5) ? mended(raw) : raw;
    if (corpus.sound.has(mutant.trim())) continue;
    const message = await refusalOf(mutant, random.pick(file.openers)!);
    if (message === undefined || SECRETS.some((secret) => message.includes(secret))) {
      throw new Error(`Seed ${seed}, mutant ${tally.total}: ${mutation} was not refused as it should be: ${mutant}`);
    }
    tally.add(mutation, message.replaceAll(/\(.*\)|\d+|kms\/\w+/g, '…'));
    if (tally.total % 1_000 === 0) onProgress?.(tally.total);
  }
  return tally;
}

/** The message; undefined if it opened, or failed in any other way than it should. */
async function refusalOf(mutant: string, opener: RingOpener): Promise<string | undefined> {
  try {
    await KeyRing.unseal(mutant, opener);
    return undefined;
  } catch (error) {
    return error instanceof KeyRingError ? error.message : undefined;
  }
}

async function makeCorpus(): Promise<Corpus> {
  const ring = await fixtureRing();
  const [kek, otherKek, wrapper, passphrase] = [
    { kek: KEK },
    { kek: OTHER_KEK },
    { wrapper: WRAPPER },
    { passphrase: PASSPHRASE },
  ];
  const sealed: [RingOpener[], RingOpener[]][] = [
    [[kek], [kek]],
    [[kek], [kek]],
    [[wrapper], [wrapper]],
    [[passphrase], [kek, wrapper]],
    [
      [kek, passphrase],
      [kek, wrapper],
    ],
    [
      [kek, wrapper, otherKek],
      [kek, wrapper, otherKek],
    ],
    [[wrapper, passphrase], [wrapper]],
  ];
  const files = await Promise.all(
    sealed.map(async ([recipients, openers]) => ({ text: await ring.seal(recipients), openers })),
  );
  return { files, sound: new Set(files.map(({ text }) => text)) };
}

/** With the digest of its recipients as they are now, as somebody would write it who knows the format. */
function mended(mutant: string): string {
  try {
    const jwe = JSON.parse(mutant) as Json;
    return JSON.stringify({ ...jwe, aad: hash('sha256', JSON.stringify(jwe['recipients']), 'base64url') });
  } catch {
    return mutant;
  }
}

function replaceMember(random: Random, header: Json): Json {
  const member = random.pick(random.chance(0.7) ? Object.keys(header) : MEMBERS) ?? 'alg';
  const { [member]: _, ...others } = header;
  const value = random.pick(STRANGE);
  return value === undefined ? others : { ...header, [member]: value };
}

function onRecipient(random: Random, text: string, change: (header: Json) => Json): string {
  const jwe = JSON.parse(text) as Json & { recipients: { header: Json; encrypted_key: string }[] };
  const at = random.below(jwe.recipients.length);
  const recipients = jwe.recipients.map((each, index) =>
    index === at ? { ...each, header: change(each.header) } : each,
  );
  return JSON.stringify({ ...jwe, recipients });
}
