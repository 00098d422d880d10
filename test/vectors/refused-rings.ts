/**
 * Makes the vectors of key rings that are refused, and some that are not: `node test/vectors/refused-rings.ts`. Rings that open as they
 * were once written are in sealed-ring.json. Everything here is spelled by hand and sealed with fixed keys, so that each run gives
 * the same bytes and the library's own writer has no part in it.
 */
import { createCipheriv, hash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { RingJwk } from '../../src/keys/ring/ring-jwk.ts';
import { fixtureJwk, fixtureJwks, KEK } from '../support/ring-fixtures.ts';

/** Why a JWK Set is no ring, or a sealed ring does not open. docs/reference/key-ring.md says the same of each. */
export type RingRefusal =
  | 'activation-time'
  | 'active-keys'
  | 'algorithm'
  | 'content'
  | 'does-not-open'
  | 'header'
  | 'incomplete'
  | 'iterations'
  | 'key-twice'
  | 'key-type'
  | 'malformed'
  | 'material'
  | 'not-a-set'
  | 'not-for-opener'
  | 'recipients'
  | 'revoked-kids'
  | 'state'
  | 'thumbprint'
  | 'time'
  | 'too-many-keys'
  | 'version';

interface SetVector {
  readonly name: string;
  readonly reason: RingRefusal;
  readonly jwks: unknown;
}

interface SealedVector {
  readonly name: string;
  readonly reason: RingRefusal;
  readonly sealed: string;
}

export interface RefusedRings {
  readonly about: string;
  /** Opens what can be opened here. */
  readonly kek: string;
  readonly sets: readonly { readonly name: string; readonly jwks: unknown }[];
  readonly sealed: readonly { readonly name: string; readonly sealed: string; readonly jwks: unknown }[];
  readonly refusedSets: readonly SetVector[];
  readonly refusedSealed: readonly SealedVector[];
}

type Json = Readonly<Record<string, unknown>>;

const FILE = new URL('refused-rings.json', import.meta.url);
const ABOUT =
  'Key rings that are refused, with the reason, and some that are not; see docs/reference/key-ring.md. ' +
  'Sealed ones are opened with the kek (hexadecimal). The keys are public: never use them. Vectors are only ever added.';

const DATA = fixtureJwk('active', 'XAES-256-GCM', 'active');
const INDEX = fixtureJwk('index', 'HS256', 'active');
const PENDING = fixtureJwk('pending', 'A256GCM', 'pending');
const GONE = fixtureJwk('gone', 'XAES-256-GCM', 'revoked');
const SET = fixtureJwks([DATA, INDEX]);

export function refusedRings(): RefusedRings {
  return {
    about: ABOUT,
    kek: KEK.toString('hex'),
    sets: [
      { name: 'one data key and one index key', jwks: SET },
      { name: 'a key in each state', jwks: fixtureJwks() },
      { name: 'kids of keys that were revoked and removed', jwks: { ...SET, 'holdfast:revoked': [GONE.kid] } },
    ],
    sealed: [
      { name: 'Compact', sealed: compact(), jwks: SET },
      { name: 'Compact, white space around it', sealed: `\r\n ${compact()}\n`, jwks: SET },
      { name: 'Compact, members of the header in another order', sealed: compact({ cty: CTY, typ: TYP, enc: ENC, alg: 'A256KW' }), jwks: SET },
      { name: 'General, one recipient', sealed: spell(general()), jwks: SET },
      { name: 'General, three recipients', sealed: spell(general(RECIPIENTS)), jwks: SET },
    ],
    refusedSets: refusedSets(),
    refusedSealed: [...refusedCompact(), ...refusedGeneral(), ...refusedContent()],
  };
}

function refusedSets(): SetVector[] {
  const bad = (name: string, reason: RingRefusal, jwks: unknown): SetVector => ({ name, reason, jwks });
  const data = (member: string, value: unknown): unknown => fixtureJwks([{ ...DATA, [member]: value }, INDEX]);
  const without = (jwk: RingJwk, member: keyof RingJwk): unknown => {
    const { [member]: _, ...others } = jwk;
    return fixtureJwks([others as RingJwk, INDEX]);
  };
  const bytes = Buffer.from(DATA.k, 'base64url');
  const keyOf = (material: Buffer): unknown => data('k', material.toString('base64url'));
  return [
    bad('an array', 'not-a-set', [SET]),
    bad('no keys', 'not-a-set', { 'holdfast:version': 7 }),
    bad('a key that is not an object', 'not-a-set', { ...SET, keys: [DATA, INDEX, 'key'] }),
    bad('no version', 'version', { keys: SET.keys }),
    bad('version 0', 'version', { ...SET, 'holdfast:version': 0 }),
    bad('a version with a fraction', 'version', { ...SET, 'holdfast:version': 7.5 }),
    bad('a version that is text', 'version', { ...SET, 'holdfast:version': '7' }),
    bad('301 keys', 'too-many-keys', { ...SET, keys: Array.from({ length: 301 }, () => 0) }),
    bad('another type of key', 'key-type', data('kty', 'EC')),
    bad('an unknown algorithm', 'algorithm', data('alg', 'A128GCM')),
    bad('an algorithm with the use of another', 'algorithm', data('use', 'sig')),
    bad('an unknown state', 'state', data('holdfast:state', 'paused')),
    bad('no state', 'state', without(DATA, 'holdfast:state')),
    bad('no time', 'time', without(DATA, 'iat')),
    bad('a time in milliseconds', 'time', data('iat', 1_893_456_000_000)),
    bad('a negative time', 'time', data('iat', -1)),
    bad('an active key without activation time', 'activation-time', without(DATA, 'holdfast:activated_at')),
    bad('a pending key with an activation time', 'activation-time', fixtureJwks([DATA, INDEX, { ...PENDING, 'holdfast:activated_at': 1_893_456_000 }])),
    bad('no material', 'material', without(DATA, 'k')),
    bad('material of 31 bytes', 'material', keyOf(bytes.subarray(1))),
    bad('material of 33 bytes', 'material', keyOf(Buffer.concat([bytes, Buffer.alloc(1)]))),
    bad('material in another spelling of the same bytes', 'material', data('k', `${DATA.k.slice(0, 42)}${neighbour(DATA.k)}`)),
    bad('padded material', 'material', data('k', `${DATA.k}=`)),
    bad('material with 15 different bytes', 'material', keyOf(Buffer.from('000102030405060708090a0b0c0d0e'.repeat(3).slice(0, 64), 'hex'))),
    bad('material that is printable text', 'material', keyOf(Buffer.from('The quick brown fox jumped dozen'))),
    bad('a kid that is not the thumbprint', 'thumbprint', data('kid', INDEX.kid)),
    bad('no kid', 'thumbprint', without(DATA, 'kid')),
    bad('a key twice', 'key-twice', fixtureJwks([DATA, INDEX, DATA])),
    bad('one key under two algorithms', 'key-twice', fixtureJwks([DATA, INDEX, { ...DATA, alg: 'A256GCM', 'holdfast:state': 'decrypt-only' }])),
    bad('no active data key', 'active-keys', fixtureJwks([PENDING, INDEX])),
    bad('two active data keys', 'active-keys', fixtureJwks([DATA, INDEX, fixtureJwk('other', 'A256GCM', 'active')])),
    bad('no active index key', 'active-keys', fixtureJwks([DATA])),
    bad('two active index keys', 'active-keys', fixtureJwks([DATA, INDEX, fixtureJwk('other', 'HS256', 'active')])),
    bad('revoked kids that are no array', 'revoked-kids', { ...SET, 'holdfast:revoked': GONE.kid }),
    bad('a revoked kid that is none', 'revoked-kids', { ...SET, 'holdfast:revoked': [GONE.kid.slice(1)] }),
    bad('a revoked kid twice', 'revoked-kids', { ...SET, 'holdfast:revoked': [GONE.kid, GONE.kid] }),
    bad('a key whose kid was revoked and removed', 'revoked-kids', { ...SET, 'holdfast:revoked': [DATA.kid] }),
  ];
}

const ENC = 'A256GCM';
const TYP = 'holdfast-key-ring+jwe';
const CTY = 'jwk-set+json';
const CONTENT_KEY = hash('sha256', 'holdfast test key: content', 'buffer');
const IV = Buffer.from('000102030405060708090a0b', 'hex');
const COMPACT_HEADER: Json = { alg: 'A256KW', enc: ENC, typ: TYP, cty: CTY };
const PROTECTED = encode(JSON.stringify({ enc: ENC, typ: TYP, cty: CTY }));
const STRANGER = hash('sha256', 'holdfast test key: another kek', 'buffer');

interface Recipient {
  readonly header: Json;
  readonly encrypted_key: string;
}

interface General {
  readonly protected: string;
  readonly recipients: readonly Recipient[];
  readonly aad: string;
  readonly iv: string;
  readonly ciphertext: string;
  readonly tag: string;
}

const MINE: Recipient = { header: { alg: 'A256KW' }, encrypted_key: wrapped(KEK) };
const BY_PASSPHRASE: Recipient = {
  header: { alg: 'PBES2-HS512+A256KW', p2s: encode(IV.toString('hex').slice(0, 16)), p2c: 600_000 },
  encrypted_key: wrapped(STRANGER),
};
const BY_WRAPPER: Recipient = {
  header: { alg: 'A256KW', kid: 'kms/one', 'holdfast:wrapped': encode('wrapped by a key service') },
  encrypted_key: wrapped(STRANGER),
};
const RECIPIENTS: readonly Recipient[] = [MINE, BY_PASSPHRASE, BY_WRAPPER];

/** A Compact JWE of the ring, sealed for the kek. */
function compact(header: Json = COMPACT_HEADER, text: string = JSON.stringify(SET), kek: Buffer = KEK): string {
  const head = encode(JSON.stringify(header));
  const { ciphertext, tag } = encrypt(text, head);
  return [head, wrapped(kek), encode(IV), ciphertext, tag].join('.');
}

/** A General JWE of the ring, whose aad is right for its recipients. */
function general(recipients: readonly Recipient[] = [MINE], text: string = JSON.stringify(SET)): General {
  const aad = encode(hash('sha256', JSON.stringify(recipients), 'buffer'));
  return { protected: PROTECTED, recipients, aad, iv: encode(IV), ...encrypt(text, `${PROTECTED}.${aad}`) };
}

function spell(ring: object): string {
  return JSON.stringify(ring);
}

function refusedCompact(): SealedVector[] {
  const good = compact();
  const part = (at: number, change: (part: string) => string): string =>
    good.split('.').map((text, index) => (index === at ? change(text) : text)).join('.'); // prettier-ignore
  const bad = (name: string, reason: RingRefusal, sealed: string): SealedVector => ({ name: `Compact, ${name}`, reason, sealed });
  return [
    bad('empty', 'incomplete', ''),
    bad('the ring itself, not sealed but quoted', 'incomplete', JSON.stringify(JSON.stringify(SET))),
    bad('cut by one character', 'incomplete', good.slice(0, -1)),
    bad('one part too few', 'incomplete', good.slice(0, good.lastIndexOf('.'))),
    bad('an empty encrypted key', 'incomplete', part(1, () => '')),
    bad('an IV of 16 bytes', 'incomplete', part(2, () => 'A'.repeat(22))),
    bad('a tag of 12 bytes', 'incomplete', part(4, (tag) => tag.slice(0, 16))),
    bad('padding', 'incomplete', part(1, (key) => `${key}=`)),
    bad('another spelling of the same tag', 'incomplete', part(4, (tag) => `${tag.slice(0, 21)}${neighbour(tag)}`)),
    bad('a header that is not JSON', 'header', part(0, () => encode('{"alg"'))),
    bad('another typ', 'header', compact({ ...COMPACT_HEADER, typ: 'JWE' })),
    bad('another enc', 'header', compact({ ...COMPACT_HEADER, enc: 'A128GCM' })),
    bad('another alg', 'not-for-opener', compact({ ...COMPACT_HEADER, alg: 'dir' })),
    bad('a passphrase’s', 'not-for-opener', compact({ ...COMPACT_HEADER, ...BY_PASSPHRASE.header })),
    bad('a wrapper’s', 'not-for-opener', compact({ ...COMPACT_HEADER, ...BY_WRAPPER.header })),
    bad('compressed', 'malformed', compact({ ...COMPACT_HEADER, zip: 'DEF' })),
    bad('an unknown critical member', 'malformed', compact({ ...COMPACT_HEADER, crit: ['exp'], exp: 1 })),
    bad('another kek', 'does-not-open', compact(COMPACT_HEADER, undefined, STRANGER)),
    bad('header altered', 'does-not-open', part(0, () => encode(JSON.stringify({ ...COMPACT_HEADER, note: 1 })))),
    bad('ciphertext altered', 'does-not-open', part(3, (text) => `${text[0] === 'A' ? 'B' : 'A'}${text.slice(1)}`)),
  ];
}

function refusedGeneral(): SealedVector[] {
  const bad = (name: string, reason: RingRefusal, sealed: string): SealedVector => ({ name: `General, ${name}`, reason, sealed });
  const good = general(RECIPIENTS);
  const respelled = (name: string, sealed: string): SealedVector => bad(name, 'malformed', sealed);
  const withHeader = (header: Json): string => spell(general([MINE, { header, encrypted_key: wrapped(STRANGER) }]));
  const pbes2 = (p2c: unknown, n = 0): Recipient => ({
    header: { ...BY_PASSPHRASE.header, p2s: encode(Buffer.alloc(16, n)), p2c },
    encrypted_key: wrapped(hash('sha256', String(n), 'buffer')),
  });
  const { tag, ...others } = good;
  return [
    bad('cut by one character', 'incomplete', spell(good).slice(0, -1)),
    bad('the ring itself, not sealed', 'incomplete', JSON.stringify(SET)),
    bad('Flattened', 'incomplete', spell({ protected: PROTECTED, ...MINE, aad: good.aad, iv: good.iv, ciphertext: good.ciphertext, tag })),
    bad('another protected header', 'header', spell({ ...good, protected: encode(JSON.stringify({ enc: ENC, typ: TYP })) })),
    bad('the protected header in another order', 'header', spell({ ...good, protected: encode(JSON.stringify({ typ: TYP, enc: ENC, cty: CTY })) })),
    bad('no recipients', 'recipients', spell(general([]))),
    bad('eleven recipients', 'recipients', spell(general(Array.from({ length: 11 }, () => MINE)))),
    bad('too few iterations', 'iterations', spell(general([MINE, pbes2(209_999)]))),
    bad('too many iterations', 'iterations', spell(general([MINE, pbes2(1_000_001)]))),
    bad('iterations that are text', 'iterations', spell(general([MINE, pbes2('600000')]))),
    bad('too many iterations in sum', 'iterations', spell(general([MINE, ...[1, 2, 3, 4].map((n) => pbes2(750_001, n))]))),
    respelled('an unknown alg', withHeader({ alg: 'dir' })),
    respelled('a salt of 15 bytes', withHeader({ ...BY_PASSPHRASE.header, p2s: encode(Buffer.alloc(15)) })),
    respelled('a wrapper without a name', withHeader({ alg: 'A256KW', 'holdfast:wrapped': 'AAAA' })),
    respelled('a wrapper without a wrapped key', withHeader({ alg: 'A256KW', kid: 'kms/one' })),
    respelled('a name with a space', withHeader({ ...BY_WRAPPER.header, kid: 'kms one' })),
    respelled('one more member in a header', withHeader({ alg: 'A256KW', enc: ENC })),
    respelled('a recipient twice', spell(general([MINE, MINE]))),
    respelled('a wrapper twice', spell(general([BY_WRAPPER, { ...BY_WRAPPER, encrypted_key: wrapped(KEK) }]))),
    respelled('an encrypted key of 39 bytes', spell(general([{ ...MINE, encrypted_key: encode(Buffer.alloc(39)) }]))),
    respelled('a recipient taken out', spell({ ...good, recipients: RECIPIENTS.slice(0, 2) })),
    respelled('recipients in another order', spell({ ...good, recipients: RECIPIENTS.toReversed() })),
    respelled('aad of something else', spell({ ...good, aad: encode(Buffer.alloc(32)) })),
    respelled('one more member', spell({ ...good, unprotected: {} })),
    respelled('members in another order', spell({ tag, ...others })),
    respelled('white space inside', JSON.stringify(good, null, 1)),
    respelled('an IV of 16 bytes', spell({ ...good, iv: encode(Buffer.alloc(16)) })),
    respelled('a tag of 12 bytes', spell({ ...good, tag: tag.slice(0, 16) })),
    respelled('another spelling of the same tag', spell({ ...good, tag: `${tag.slice(0, 21)}${neighbour(tag)}` })),
    bad('nobody with a kek', 'not-for-opener', spell(general([BY_PASSPHRASE, BY_WRAPPER]))),
    bad('another kek', 'does-not-open', spell(general([{ ...MINE, encrypted_key: wrapped(STRANGER) }]))),
    bad('ciphertext altered', 'does-not-open', spell({ ...good, ciphertext: encode(Buffer.alloc(40)) })),
  ];
}

/** What opens, and has no ring inside. */
function refusedContent(): SealedVector[] {
  const version = { ...SET, 'holdfast:version': 0 };
  return [
    { name: 'Compact, text that is not JSON', reason: 'content', sealed: compact(COMPACT_HEADER, 'keys') },
    { name: 'General, text that is not JSON', reason: 'content', sealed: spell(general([MINE], 'keys')) },
    { name: 'Compact, a set that is refused', reason: 'version', sealed: compact(COMPACT_HEADER, JSON.stringify(version)) },
    { name: 'General, a set that is refused', reason: 'version', sealed: spell(general([MINE], JSON.stringify(version))) },
  ];
}

function encrypt(text: string, additionalData: string): { ciphertext: string; tag: string } {
  const cipher = createCipheriv('aes-256-gcm', CONTENT_KEY, IV).setAAD(Buffer.from(additionalData, 'ascii'));
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return { ciphertext: encode(ciphertext), tag: encode(cipher.getAuthTag()) };
}

/** The content key, wrapped (RFC 3394). */
function wrapped(kek: Buffer): string {
  const cipher = createCipheriv('id-aes256-wrap', kek, Buffer.alloc(8, 0xa6));
  return encode(Buffer.concat([cipher.update(CONTENT_KEY), cipher.final()]));
}

function encode(bytes: Buffer | string): string {
  return Buffer.from(bytes as string).toString('base64url');
}

/** The last character of base64url text, with a spare bit set. */
function neighbour(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return alphabet[alphabet.indexOf(text.at(-1) as string) + 1] as string;
}

export function readRefusedRings(): RefusedRings {
  return JSON.parse(readFileSync(FILE, 'utf8')) as RefusedRings;
}

if (import.meta.main) writeFileSync(FILE, `${JSON.stringify(refusedRings(), null, 2)}\n`);
