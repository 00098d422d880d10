import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { codeOnly, readImports } from '../../../tools/source-text.ts';
import { walk } from '../../../tools/walk.ts';

/** Holds docs/security to the sources and to the tests that it names. */
const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const asvs = read('docs/security/asvs.md');
const inventory = read('docs/security/inventory.md');
const fips = read('docs/security/fips.md');
const sources = walk(join(root, 'src')).map((file) => ({
  path: relative(root, file).replaceAll('\\', '/'),
  text: readFileSync(file, 'utf8'),
}));

/** The requirements of ASVS 5.0 in the chapters that are gone through whole. */
const CHAPTERS: Readonly<Record<string, number>> = {
  '7.1': 3,
  '7.2': 4,
  '7.3': 2,
  '7.4': 5,
  '7.5': 3,
  '7.6': 2,
  '11.1': 4,
  '11.2': 5,
  '11.3': 5,
  '11.4': 4,
  '11.5': 2,
  '11.6': 2,
  '11.7': 2,
};
const rows = [...asvs.matchAll(/^\| (\d+\.\d+\.\d+) \| ([123]) \| ([^|]+) \| ([^|]+) \| (.*) \|$/gm)].map(
  ([, number = '', , , status = '', evidence = '']) => ({ number, status, evidence }),
);
const casesOf = (evidence: string) =>
  [...evidence.matchAll(/\]\(\.\.\/\.\.\/(test\/[^)]+\.test\.ts)\) "([^"]+)"/g)].map(([, file = '', name = '']) => ({
    file,
    name,
  }));

describe('the page of ASVS', () => {
  it('goes through every requirement of V7 and V11, once', () => {
    const wanted = Object.entries(CHAPTERS).flatMap(([section, count]) =>
      Array.from({ length: count }, (_, at) => `${section}.${at + 1}`),
    );
    expect(rows.map(({ number }) => number).filter((number) => !number.startsWith('6.'))).toEqual(wanted);
    expect(rows.every(({ status }) => ['met', 'not ours', 'not met'].includes(status))).toBe(true);
  });

  it.each(rows.filter(({ status }) => status === 'met'))('names a test for $number', ({ evidence }) => {
    expect(casesOf(evidence).length).toBeGreaterThan(0);
  });

  it.each(rows.flatMap(({ number, evidence }) => casesOf(evidence).map((each) => ({ number, ...each }))))(
    'names a case that is there: $number, $file, $name',
    ({ file, name }) => {
      expect(existsSync(join(root, file))).toBe(true);
      expect(read(file)).toContain(name);
    },
  );
});

/** An algorithm that is named in a call, `aes-256-gcm` or `sha256`. */
const NAMED = /'(aes-\d+-\w+|id-aes\d+-\w+|sha\d+|md5|A\d+GCM|chacha\w+)'/g;
const CALLS = /\b(?:createHash|hash|createHmac|createCipheriv|createDecipheriv|hkdfSync|pbkdf2\w*|derive|scrypt\w*)\(/;
const rowsOfInventory = [...inventory.matchAll(/^\| [^\n]*$/gm)].map(([row]) => row);
const hasRow = (algorithm: string, path: string): boolean =>
  rowsOfInventory.some((row) => row.includes(`\`${algorithm}\``) && row.includes(`\`${path}\``));
/** What a source takes from node:crypto without calling anything: types, and the handle of a key. */
const TYPES = new Set(['KeyObject', 'Cipheriv', 'createSecretKey']);
const cryptographic = sources.filter(({ text }) =>
  readImports(text).some(({ specifier, names }) => {
    const isType = names.length > 0 && names.every((name) => TYPES.has(name));
    return (specifier === 'node:crypto' || specifier === 'jose') && !isType;
  }),
);
const isJose = ({ specifier }: { specifier: string }): boolean => specifier === 'jose';

describe('the cryptographic inventory', () => {
  it('names every algorithm that a source names, with the file', () => {
    const calls = cryptographic.flatMap(({ path, text }) =>
      text
        .split('\n')
        .filter((line) => CALLS.test(line))
        .flatMap((line) => [...line.matchAll(NAMED)].map(([, algorithm = '']) => ({ path, algorithm }))),
    );
    expect(calls.length).toBeGreaterThan(10);
    expect(calls.filter(({ path, algorithm }) => !hasRow(algorithm, path))).toEqual([]);
  });

  it('knows every source that takes something from node:crypto or jose', () => {
    expect(cryptographic.length).toBeGreaterThan(10);
    expect(cryptographic.filter(({ path }) => !inventory.includes(`\`${path}\``)).map(({ path }) => path)).toEqual([]);
  });

  it('names only files that do what it says', () => {
    for (const row of rowsOfInventory) {
      const files = [...row.matchAll(/\[`(src\/[^`]+)`\]/g)].map(([, path = '']) => path);
      const [, algorithm] = /^\| (?:HMAC |HKDF |PBKDF2 )?`([^`]+)`/.exec(row) ?? [];
      for (const path of files) {
        expect(existsSync(join(root, path)), path).toBe(true);
        const isThere =
          algorithm === undefined || read(path).includes(algorithm) || readImports(read(path)).some(isJose);
        expect(isThere, `${path}, ${algorithm}`).toBe(true);
      }
    }
  });

  it('has the bare block of AES in one place', () => {
    expect(sources.filter(({ text }) => /aes-\d+-ecb/.test(text)).map(({ path }) => path)).toEqual([
      'src/codec/xaes.ts',
    ]);
  });

  it('uses SHA-1 for nothing but the names that Redis gives to scripts', () => {
    const users = sources.filter(({ text }) => /'(?:sha1|md5|RSA-SHA1)'/i.test(text)).map(({ path }) => path);
    expect(users).toEqual(['src/tiers/redis/cluster/one-key-commands.ts', 'src/tiers/redis/diagnosis/trials.ts']);
  });

  it('draws random numbers in one place', () => {
    const draws = /\b(?:randomFill\w*|randomUUID|randomInt|getRandomValues|Math\.random)\b/;
    expect(sources.filter(({ text }) => draws.test(codeOnly(text))).map(({ path }) => path)).toEqual([
      'src/platform/platform.ts',
    ]);
  });

  it('has every algorithm on the page of FIPS as well', () => {
    const algorithms = rowsOfInventory.flatMap((row) => /^\| (?:HMAC |HKDF |PBKDF2 )?`([^`]+)`/.exec(row)?.[1] ?? []);
    const known = new Set(algorithms.filter((name) => name !== 'timingSafeEqual'));
    expect([...known].filter((name) => !fips.includes(`\`${name}\``))).toEqual([]);
  });
});
