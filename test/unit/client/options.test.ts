import { beforeAll, describe, expect, it } from 'vitest';
import { ConfigurationError, generateKeyRing, type KeyRing, SessionClient } from '../../../src/index.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../../src/tiers/memory/index.ts';

let keys: KeyRing;
beforeAll(async () => {
  keys = await generateKeyRing();
});

const build = (options: Record<string, unknown>) =>
  new SessionClient({
    keys,
    primary: memoryPrimaryTier(),
    durable: memoryDurableTier(),
    ...options,
  });

describe('options of SessionClient', () => {
  it.each<Record<string, unknown>>([
    { keys: 'correct horse battery' },
    { primary: 'redis://:hunter2@localhost' },
    { durable: 'postgresql://app:hunter2@db' },
    { namespace: 'alice@example.com' },
    { lifetime: 'hunter2' },
    { 'hunter2 as a name': 1 },
  ])('do not repeat what may be a secret: %j', (options) => {
    const said = (() => {
      try {
        build(options);
        return 'accepted';
      } catch (error) {
        return String(error);
      }
    })();
    expect(said).toMatch(/^ConfigurationError: /);
    expect(said).not.toMatch(/horse|hunter2|alice/);
  });

  it('are all optional but the keys and the two tiers', () => {
    expect(() => build({})).not.toThrow();
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ keys: undefined }, /^keys: .*KeyRing/],
    [{ keys: Promise.resolve() }, /^keys: .*KeyRing.*a Promise \(did you forget await\?\)/],
    [{ keys: 'secret-material' }, /^keys: /],
    [{ primary: undefined }, /^primary: .*redisTier/],
    [{ primary: {} }, /^primary: /],
    [{ durable: 'postgresql://…' }, /^durable: .*prismaTier/],
    [{ lifetime: '30m' }, /^lifetime: expected an object/],
    [{ lifetime: { idle: '30' } }, /^lifetime\.idle: .*'30m'/],
    [{ lifetime: { idle: '99ms' } }, /^lifetime\.idle: .*from 100ms/],
    [{ lifetime: { absolute: '400d' } }, /^lifetime\.absolute: .*366d/],
    [{ lifetime: { idle: '2h', absolute: '1h' } }, /^lifetime\.idle .*must not be longer/],
    [{ lifetime: { idel: '1h' } }, /unknown option 'idel'/],
    [{ maxLifetime: '11h' }, /^maxLifetime: .*from 12h to 366d/],
    [{ lifetime: { absolute: '30d' }, maxLifetime: '29d' }, /^maxLifetime: .*from 30d/],
    [{ maxLifetime: '367d' }, /^maxLifetime: /],
    [{ namespace: '' }, /^namespace: /],
    [{ namespace: 'a b' }, /^namespace: .*letters/],
    [{ namespace: 'a'.repeat(65) }, /^namespace: /],
    [{ namespace: 7 }, /^namespace: .*7/],
    [{ touchInterval: '31s' }, /^touchInterval: .*30s/],
    [{ revalidateAfter: 0 }, /^revalidateAfter: /],
    [{ updateTimeout: '1h' }, /^updateTimeout: /],
    [{ primaryTimeout: '10s' }, /^primaryTimeout: .*1s/],
    [{ durableTimeout: '1m' }, /^durableTimeout: .*5s/],
    [{ sweep: true }, /^sweep: expected an object/],
    [{ sweep: { every: '10s' } }, /^sweep\.every: .*1m/],
    [{ sweep: { revokedRetention: '1m' } }, /^sweep\.revokedRetention: .*15m/],
    [{ sweep: { retention: '1d' } }, /unknown option 'retention'/],
    [{ maxPayload: 0 }, /^maxPayload: /],
    [{ maxPayload: '64k' }, /^maxPayload: /],
    [{ memo: true }, /^memo: /],
    [{ memo: { bytes: 1 } }, /^memo\.bytes: /],
    [{ memo: { size: 1 } }, /^memo: unknown option 'size'/],
    [{ serializer: {} }, /^serializer: /],
    [{ schema: {} }, /^schema: .*Standard Schema/],
    [{ ttl: 1 }, /unknown option 'ttl'; expected .*lifetime/],
  ])('refuse %j (%#) with a message that names the option', (options, message) => {
    expect(() => build(options)).toThrow(ConfigurationError);
    expect(() => build(options)).toThrow(message);
  });

  it.each(['open', 'shards', 'shardOf', 'failure', 'close'])('refuse a primary tier without %s', (name) => {
    expect(() => build({ primary: without(memoryPrimaryTier(), name) })).toThrow(/^primary: expected redisTier/);
  });

  it.each([
    ['open', /^durable: expected prismaTier/],
    ['probe', /^durable: expected prismaTier/],
    ['close', /^durable: expected prismaTier/],
    ['sessions', /^durable\.sessions: expected the sessions of a durable tier, but got undefined/],
    ['feed', /^durable\.feed: /],
    ['fleet', /^durable\.fleet: /],
    ['upkeep', /^durable\.upkeep: /],
  ])('refuse a durable tier without %s', (name, message) => {
    expect(() => build({ durable: without(memoryDurableTier(), name) })).toThrow(message);
  });

  it('refuse a durable tier of which a part lacks a method', () => {
    const durable = memoryDurableTier();
    const partial = { ...bound(durable), upkeep: without(durable.upkeep, 'removeEnded') };
    expect(() => build({ durable: partial })).toThrow(/^durable\.upkeep: /);
  });

  it('cannot be something else than an object', () => {
    for (const options of [undefined, null, 'redis://', []]) {
      expect(() => new SessionClient(options as never)).toThrow(ConfigurationError);
    }
  });
});

/** An object with the members of the tier, its methods included. */
function bound(tier: object): Record<string, unknown> {
  const names = [...Object.keys(tier), ...Object.getOwnPropertyNames(Object.getPrototypeOf(tier))];
  return Object.fromEntries(names.map((name) => [name, Reflect.get(tier, name) as unknown]));
}

function without(tier: object, name: string): Record<string, unknown> {
  const members = bound(tier);
  if (!(name in members)) throw new Error(`there is no ${name}`);
  return { ...members, [name]: undefined };
}
