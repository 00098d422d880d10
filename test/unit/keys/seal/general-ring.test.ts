import { generalDecrypt, type GeneralJWE } from 'jose';
import { hash } from 'node:crypto';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { KeyRingError } from '../../../../src/errors.ts';
import { KeyRing } from '../../../../src/keys/ring/key-ring.ts';
import type { RingOpener } from '../../../../src/keys/seal/ring-opener.ts';
import { sealText, unsealText } from '../../../../src/keys/seal/sealed-ring.ts';
import { fakeWrapper } from '../../../support/fake-wrapper.ts';
import { canariesOf, fixtureJwks, fixtureRing, KEK, standardKeys } from '../../../support/ring-fixtures.ts';

const PASSPHRASE = 'correct horse battery staple';
const OTHER_KEK = Buffer.from(KEK).reverse();
const OPENERS: readonly RingOpener[] = [
  { kek: KEK },
  { passphrase: PASSPHRASE },
  { wrapper: fakeWrapper('kms/one') },
  { kek: OTHER_KEK },
  { wrapper: fakeWrapper('kms/two') },
];

interface Jwe {
  [member: string]: unknown;
  recipients: { header: Record<string, unknown>; encrypted_key: string }[];
}

let sealed: string;

beforeAll(async () => {
  sealed = await (await fixtureRing()).seal(OPENERS);
});

const parsed = (): Jwe => JSON.parse(sealed) as Jwe;

/** The ring with something changed, and with a matching digest of the recipients, as an attacker would. */
function altered(change: (jwe: Jwe) => void): string {
  const jwe = parsed();
  change(jwe);
  if (Array.isArray(jwe.recipients)) jwe['aad'] = hash('sha256', JSON.stringify(jwe.recipients), 'base64url');
  return JSON.stringify(jwe);
}

async function refusal(text: string, opener: RingOpener = { kek: KEK }): Promise<string> {
  const error: unknown = await KeyRing.unseal(text, opener).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KeyRingError);
  const shown = inspect(error, { depth: 10, showHidden: true });
  for (const canary of [...canariesOf(standardKeys()), PASSPHRASE]) expect(shown).not.toContain(canary);
  return (error as Error).message;
}

describe('a ring sealed for several openers', () => {
  it.each(OPENERS.map((opener) => [Object.keys(opener)[0], opener] as const))(
    'opens with each of them: %s (%#)',
    async (_, opener) => {
      expect((await KeyRing.unseal(`${sealed}\n`, opener)).toJwks()).toEqual(fixtureJwks());
    },
  );

  it('is a General JWE that any JOSE library opens', async () => {
    const jwe = JSON.parse(sealed) as GeneralJWE;
    const options = {
      keyManagementAlgorithms: ['A256KW', 'PBES2-HS512+A256KW'],
      contentEncryptionAlgorithms: ['A256GCM'],
      maxPBES2Count: 600_000,
    };
    for (const key of [OTHER_KEK, Buffer.from(PASSPHRASE)]) {
      const { plaintext, protectedHeader } = await generalDecrypt(jwe, key, options);
      expect(JSON.parse(Buffer.from(plaintext).toString())).toEqual(fixtureJwks());
      expect(protectedHeader).toEqual({ enc: 'A256GCM', typ: 'holdfast-key-ring+jwe', cty: 'jwk-set+json' });
    }
  });

  it('is a Compact JWE when a list names one opener only', async () => {
    const ring = await fixtureRing();
    expect((await ring.seal([{ kek: KEK }])).split('.')).toHaveLength(5);
  });

  it('does not open with what it was not sealed for, and says which of the two it is', async () => {
    const stranger = hash('sha256', 'stranger', 'buffer');
    expect(await refusal(sealed, { kek: stranger })).toMatch(/does not open with this kek/);
    expect(await refusal(sealed, { passphrase: 'incorrect horse battery' })).toMatch(
      /does not open with this passphrase/,
    );
    expect(await refusal(sealed, { wrapper: fakeWrapper('kms/three') })).toMatch(/not sealed for this wrapper/);
    const twoKeks = await (await fixtureRing()).seal([{ kek: KEK }, { kek: OTHER_KEK }]);
    expect(await refusal(twoKeks, { passphrase: PASSPHRASE })).toMatch(/not sealed for this passphrase/);
  });

  it('asks a wrapper for its own recipient only, once', async () => {
    let calls = 0;
    const own = fakeWrapper('kms/two');
    const counting = {
      ...own,
      unwrap: (...given: Parameters<typeof own.unwrap>) => {
        calls += 1;
        return own.unwrap(...given);
      },
    };
    await KeyRing.unseal(sealed, { wrapper: counting });
    expect(calls).toBe(1);
  });

  it.each<[string, (jwe: Jwe) => void, RegExp]>([
    ['a recipient was taken out', ({ recipients }) => recipients.splice(1, 1), /the file was altered/],
    ['recipients changed places', ({ recipients }) => recipients.reverse(), /the file was altered/],
    [
      'another encrypted key was put in',
      ({ recipients }) => (recipients[3]!.encrypted_key = 'A'.repeat(54)),
      /altered/,
    ],
    [
      'the iterations of another were lowered within reason',
      (jwe) => (jwe.recipients[1]!.header['p2c'] = 210_000),
      /altered/,
    ],
    ['a recipient stands twice', ({ recipients }) => recipients.push(recipients[0]!), /malformed/],
    ['a wrapper stands twice', ({ recipients }) => (recipients[2]!.header['kid'] = 'kms/two'), /malformed/],
    ['the iterations are too few', (jwe) => (jwe.recipients[1]!.header['p2c'] = 209_999), /between 210000 and 1000000/],
    ['the iterations are too many', (jwe) => (jwe.recipients[1]!.header['p2c'] = 1_000_001), /between 210000/],
    ['the iterations are text', (jwe) => (jwe.recipients[1]!.header['p2c'] = '600000'), /between 210000/],
    [
      'the iterations of its recipients are too many in sum',
      ({ recipients }) => {
        const { header } = recipients[1]!;
        for (let n = 0; n < 3; n += 1) {
          const p2s = Buffer.alloc(16, n).toString('base64url');
          recipients.push({
            header: { ...header, p2s, p2c: 800_001 },
            encrypted_key: 'A'.repeat(52) + String(n) + 'A',
          });
        }
      },
      /3000000 at most in sum/,
    ],
    ['the salt is short', (jwe) => (jwe.recipients[1]!.header['p2s'] = 'AAAA'), /malformed/],
    ['an alg is unknown', (jwe) => (jwe.recipients[0]!.header['alg'] = 'dir'), /malformed/],
    ['a header says more', (jwe) => (jwe.recipients[0]!.header['enc'] = 'A128GCM'), /malformed/],
    ['a recipient says more', ({ recipients }) => Object.assign(recipients[0]!, { note: 1 }), /malformed/],
    ['a wrapper lost its name', (jwe) => delete jwe.recipients[2]!.header['kid'], /malformed/],
    ['a wrapped key is not canonical', (jwe) => (jwe.recipients[2]!.header['holdfast:wrapped'] = 'AB'), /malformed/],
    [
      'a wrapped key is too long',
      (jwe) => (jwe.recipients[2]!.header['holdfast:wrapped'] = 'A'.repeat(10_924)),
      /malformed/,
    ],
    ['it has a member of its own', (jwe) => (jwe['unprotected'] = {}), /malformed/],
    ['a member is missing', (jwe) => delete jwe['tag'], /malformed/],
    ['it has no recipients', (jwe) => (jwe.recipients = []), /must have 1 to 10 recipients/],
    [
      'it has eleven',
      (jwe) => (jwe.recipients = Array.from({ length: 11 }, () => jwe.recipients[0]!)),
      /must have 1 to 10 recipients/,
    ],
    ['its protected header is another', (jwe) => (jwe['protected'] = 'e30'), /protected header is not that of/],
    ['its content was cut', (jwe) => (jwe['ciphertext'] = String(jwe['ciphertext']).slice(4)), /was altered/],
    ['its tag was cut', (jwe) => (jwe['tag'] = 'A'.repeat(20)), /written by something else/],
  ])('is refused when %s', async (_, change, message) => {
    expect(altered(() => undefined)).toBe(sealed);
    expect(await refusal(altered(change))).toMatch(message);
  });

  it('is refused when its digest of the recipients is not theirs', async () => {
    const jwe = parsed();
    jwe['aad'] = 'A'.repeat(43);
    expect(await refusal(JSON.stringify(jwe))).toMatch(/malformed/);
  });

  it('has one spelling: no blanks, no other order, no member twice', async () => {
    expect(await refusal(JSON.stringify(parsed(), null, 1))).toMatch(/malformed/);
    const { tag, ...others } = parsed();
    expect(await refusal(JSON.stringify({ tag, ...others }))).toMatch(/malformed/);
    expect(await refusal(sealed.replace('{"header":{', '{"header":{"alg":"A256KW",'))).toMatch(/malformed/);
    expect(await refusal(sealed.replace('"p2c":600000', '"p2c":6e5'))).toMatch(/malformed/);
  });

  it('is recognised as truncated, or as another file', async () => {
    expect(await refusal(sealed.slice(0, -1))).toMatch(/truncated, or not a sealed ring/);
    expect(await refusal('{}')).toMatch(/truncated, or not a sealed ring/);
    expect(await refusal(`{"recipients":1,"protected":"${String(parsed()['protected'])}"}`)).toMatch(
      /1 to 10 recipients/,
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['nobody', [], /at least one opener/],
    ['eleven', Array.from({ length: 11 }, () => ({ kek: KEK })), /at most 10 openers/],
    ['six passphrases', Array.from('abcdef', (letter) => ({ passphrase: letter.repeat(16) })), /at most 5 passphrases/],
    ['a kek twice', [{ kek: KEK }, { kek: Buffer.from(KEK) }], /one opener twice/],
    [
      'a passphrase twice',
      [{ passphrase: 'caf\u00e9'.repeat(4) }, { kek: KEK }, { passphrase: 'cafe\u0301'.repeat(4) }],
      /one opener twice/,
    ],
    ['a wrapper twice', [{ wrapper: fakeWrapper('a') }, { wrapper: fakeWrapper('a') }], /one opener twice/],
    ['a weak kek among others', [{ kek: KEK }, { kek: new Uint8Array(32) }], /kek of a key ring is not random/],
  ])('is not sealed for %s', async (_, openers, message) => {
    await expect((await fixtureRing()).seal(openers as RingOpener[])).rejects.toThrow(message);
  });
});

describe('a changed ring', () => {
  it('stays sealed for absent openers, under a new IV', async () => {
    const opened = await unsealText(sealed, { wrapper: fakeWrapper('kms/one') });
    const resealed = await opened.reseal('{"other":1}');
    for (const opener of OPENERS) expect((await unsealText(resealed, opener)).text).toBe('{"other":1}');
    const [before, after] = [parsed(), JSON.parse(resealed) as Jwe];
    expect(after.recipients).toEqual(before.recipients);
    expect(after['iv']).not.toBe(before['iv']);
  });

  it('that was sealed for one opener is sealed for that one again, with another content key', async () => {
    for (const opener of [{ kek: KEK }, { wrapper: fakeWrapper('a') }]) {
      const before = await sealText('{"this":1}', opener);
      const after = await (await unsealText(before, opener)).reseal('{"other":1}');
      expect((await unsealText(after, opener)).text).toBe('{"other":1}');
      expect(after.split('.')[1]).not.toBe(before.split('.')[1]);
    }
  });
});
