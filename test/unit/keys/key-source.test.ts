import { mkdir, mkdtemp, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigurationError, KeyRingError } from '../../../src/errors.ts';
import type { KeyRing } from '../../../src/keys/ring/key-ring.ts';
import { keyRingFile, keySource, type KeySource } from '../../../src/keys/key-source.ts';
import { addKey, generateKeyRing } from '../../../src/keys/ring/rotation.ts';
import type { Duration } from '../../../src/platform/duration.ts';
import { systemPlatform, type Platform } from '../../../src/platform/platform.ts';
import { FakePlatform } from '../../support/fake-platform.ts';
import { putRing } from '../../support/put-ring.ts';
import { KEK } from '../../support/ring-fixtures.ts';

const opener = { kek: KEK };

let folder: string;
let path: string;
let ring: KeyRing;
let platform: FakePlatform;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-ring-'));
  path = join(folder, 'keys.jwe');
  ring = await generateKeyRing();
  await putRing(path, ring, opener);
  platform = new FakePlatform();
});

afterEach(() => rm(folder, { recursive: true }));

/** The number of changes that a source has reported. */
function listen(source: KeySource): { reports: () => number; stop: () => void } {
  let count = 0;
  const stop = source.watch?.(() => (count += 1), platform);
  return { reports: () => count, stop: stop ?? expect.unreachable('The source cannot be watched.') };
}

/** Lets the interval pass that many times; the file system takes its own time to answer. */
async function intervals(count: number, ms = 6_001): Promise<void> {
  for (let passed = 0; passed < count; passed += 1) {
    await platform.advance(ms);
    await expect.poll(() => platform.pendingTimers).toBe(1);
  }
}

describe('a key ring file as a source', () => {
  it('loads the newest ring', async () => {
    const source = keyRingFile(path, opener);
    expect((await source.load()).version).toBe(1);
    await putRing(path, await addKey(ring), opener);
    expect((await source.load()).version).toBe(2);
  });

  it('reports a replaced file once, and nothing while it stays the same', async () => {
    const source = keyRingFile(path, opener);
    await source.load();
    const { reports } = listen(source);
    await intervals(3);
    expect(reports()).toBe(0);
    await putRing(path, await addKey(ring), opener);
    await intervals(1);
    expect(reports()).toBe(1);
    await source.load();
    await intervals(20);
    expect(reports()).toBe(1);
  });

  it('reports a file that was replaced between loading and watching', async () => {
    const source = keyRingFile(path, opener);
    await source.load();
    await putRing(path, await addKey(ring), opener);
    const { reports } = listen(source);
    await intervals(1);
    expect(reports()).toBe(1);
  });

  it('sees a link exchanged further up, as Kubernetes does with secrets', async () => {
    for (const name of ['one', 'two']) await mkdir(join(folder, name));
    await ring.save(join(folder, 'one', 'keys.jwe'), opener);
    await (await addKey(ring)).save(join(folder, 'two', 'keys.jwe'), opener);
    await symlink('one', join(folder, '..data'));
    await symlink(join('..data', 'keys.jwe'), join(folder, 'mounted.jwe'));
    const source = keyRingFile(join(folder, 'mounted.jwe'), opener);
    expect((await source.load()).version).toBe(1);
    const { reports } = listen(source);
    await symlink('two', join(folder, '..new'));
    await rename(join(folder, '..new'), join(folder, '..data'));
    await intervals(1);
    expect(reports()).toBe(1);
    expect((await source.load()).version).toBe(2);
  });

  it('reports a file that could not be loaded once a minute', async () => {
    const source = keyRingFile(path, opener);
    await source.load();
    const { reports } = listen(source);
    await writeFile(path, 'half a ring');
    await intervals(1);
    expect(reports()).toBe(1);
    await expect(source.load()).rejects.toThrow(KeyRingError);
    await intervals(9);
    expect(reports()).toBe(1);
    await intervals(2);
    expect(reports()).toBe(2);
    await rm(path);
    await intervals(1);
    expect(reports()).toBe(3);
    await putRing(path, ring, opener);
    await intervals(1);
    expect(reports()).toBe(4);
    await source.load();
    await intervals(30);
    expect(reports()).toBe(4);
  });

  it('reports to each of several clients that share it', async () => {
    const source = keyRingFile(path, opener);
    await source.load();
    const one = listen(source);
    await putRing(path, await addKey(ring), opener);
    await source.load();
    const two = listen(source);
    await platform.advance(6_001);
    await expect.poll(() => platform.pendingTimers).toBe(2);
    expect([one.reports(), two.reports()]).toEqual([1, 0]);
  });

  it('checks at the given interval', async () => {
    const source = keyRingFile(path, opener, { every: '100ms' });
    await source.load();
    const { reports } = listen(source);
    await putRing(path, await addKey(ring), opener);
    await intervals(1, 121);
    expect(reports()).toBe(1);
  });

  it('reports nothing once it was stopped, even during a check', async () => {
    const source = keyRingFile(path, opener);
    await source.load();
    await putRing(path, await addKey(ring), opener);
    const looks: (() => void)[] = [];
    let reports = 0;
    const stop = source.watch?.(() => (reports += 1), {
      ...systemPlatform,
      after: (_, callback) => {
        looks.push(callback);
        return () => undefined;
      },
    });
    looks[0]?.();
    stop?.();
    for (let turn = 0; turn < 10; turn += 1) await stat(path);
    expect(reports).toBe(0);
    expect(looks).toHaveLength(1);
  });
});

describe('keyRingFile', () => {
  it.each<[string, object | undefined, RegExp]>([
    [
      'that was not set',
      { passphrase: undefined },
      /^The passphrase that opens a key ring is undefined: is the variable set/,
    ],
    ['that is missing', undefined, /give exactly one of them/],
    ['that is too short', { passphrase: 's3cr3t' }, /at least 16 characters/],
    ['that is none', { password: 's3cr3t s3cr3t s3cr3t' }, /unknown option 'password'; expected passphrase/],
  ])('refuses an opener %s at once, before anything is read', (_what, bad, message) => {
    expect(() => keyRingFile(path, bad as never)).toThrow(message);
  });

  it('refuses what is no path', () => {
    expect(() => keyRingFile(undefined as never, opener)).toThrow(/^keyRingFile: expected a path, but got undefined/);
  });

  it('accepts an opener beside others that are undefined', async () => {
    expect(await keyRingFile(path, { ...opener, passphrase: undefined }).load()).toBeDefined();
  });
});

describe('a key source of the application', () => {
  it('loads the ring that the function returns', async () => {
    expect(await keySource(() => ring).load()).toBe(ring);
    expect(await keySource(async () => ring).load()).toBe(ring);
  });

  it('reports once a minute that there may be a newer ring, a fifth more or less', async () => {
    const delays: number[] = [];
    const source = keySource(() => ring);
    const random = [0, 0.999_999, 0.5];
    const recording: Platform = {
      now: () => 0,
      monotonic: () => 0,
      fillRandom: () => undefined,
      afterInput: () => undefined,
      random: () => random[delays.length] ?? 0,
      after: (delayMs, callback, kind) => {
        expect(kind).toBe('background');
        delays.push(Math.round(delayMs));
        if (delays.length < 3) callback();
        return () => undefined;
      },
    };
    let reports = 0;
    source.watch?.(() => (reports += 1), recording);
    await expect.poll(() => delays).toEqual([48_000, 72_000, 60_000]);
    expect(reports).toBe(2);
  });

  it('reports when its subscription does, and ends it', async () => {
    const subscribers = new Set<() => void>();
    const subscribe = (changed: () => void): (() => void) => {
      subscribers.add(changed);
      return () => subscribers.delete(changed);
    };
    const { reports, stop } = listen(keySource(() => ring, { every: '1h', subscribe }));
    const [subscriber] = subscribers;
    subscriber?.();
    expect(reports()).toBe(1);
    stop();
    expect(subscribers.size).toBe(0);
    subscriber?.();
    await platform.advance(2 * 3_600_000);
    expect(reports()).toBe(1);
  });

  it('refuses a subscription without an end, and leaves no timer', () => {
    const subscribe = async (): Promise<() => void> => () => undefined;
    const source = keySource(() => ring, { subscribe: subscribe as never });
    const before = platform.pendingTimers;
    expect(() => listen(source)).toThrow(/^subscribe: expected it to return a function.*did you forget await/);
    expect(platform.pendingTimers).toBe(before);
  });

  it('passes a KeyRingError on, and of other errors one word', async () => {
    const own = new KeyRingError('mine');
    await expect(keySource(() => Promise.reject(own)).load()).rejects.toBe(own);
    const theirs = Object.assign(new Error('token s3cr3t is expired'), { name: 'ExpiredTokenException' });
    const error: unknown = await keySource(() => Promise.reject(theirs))
      .load()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(KeyRingError);
    expect((error as Error).message).toBe('The key source could not load the key ring (ExpiredTokenException).');
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('s3cr3t');
  });

  it('refuses an answer that is no ring', async () => {
    await expect(keySource(() => ring.toJwks() as unknown as KeyRing).load()).rejects.toThrow(
      'must answer with a key ring',
    );
  });

  it.each<Duration>([0, '99ms', '25h', 'soon' as '1s'])('refuses the interval %s', (every) => {
    expect(() => keySource(() => ring, { every })).toThrow(ConfigurationError);
    expect(() => keyRingFile(path, opener, { every })).toThrow(ConfigurationError);
  });
});
