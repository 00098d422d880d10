import { randomBytes } from 'node:crypto';
import { afterEach, expect } from 'vitest';
import { TierFailure } from '../../src/errors.ts';
import { systemPlatform, type Platform } from '../../src/platform/platform.ts';
import type { PrimaryServer } from '../../src/tiers/one-server.ts';
import type { RedisServerOptions } from '../../src/tiers/redis/index.ts';
import type { NewValue } from '../../src/tiers/primary.ts';
import { startRedis, type RedisServer } from './servers/redis.ts';
import { until } from './servers/until.ts';
import { singleRedis } from './single-redis.ts';

/** Servers and tiers of one test file; what a test opened is closed after it. */

export const TIMEOUT_MS = 250;
/** What a busy machine adds to any bound. */
export const SLACK_MS = 250;
export const CALL_BOUND_MS: number = TIMEOUT_MS + SLACK_MS;
export const MINUTE = 60_000;
export const NAMESPACE = 'holdfast';

export const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

export async function start(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  cleanups.push(() => server.stop());
  return server;
}

interface OpenOptions extends Partial<RedisServerOptions> {
  readonly platform?: Platform;
  readonly onChange?: () => void;
}

interface UnopenedTier {
  readonly tier: PrimaryServer;
  open(): Promise<void>;
}

export function make(server: RedisServer, options: OpenOptions = {}): UnopenedTier {
  const { platform = systemPlatform, onChange = () => {}, ...tierOptions } = options;
  const tls = server.ca === undefined ? {} : { tls: { ca: server.ca } };
  const tier = singleRedis({ url: server.url, ...tls, ...tierOptions });
  cleanups.push(() => tier.close());
  return { tier, open: () => tier.open({ namespace: NAMESPACE, platform, timeoutMs: TIMEOUT_MS }, onChange) };
}

export async function opened(server: RedisServer, options: OpenOptions = {}): Promise<PrimaryServer> {
  const { tier, open } = make(server, options);
  await open();
  return tier;
}

export const key = (): Buffer => randomBytes(32);
export const nameOf = (place: Buffer): string => `${NAMESPACE}:s:${place.toString('base64url')}`;

export function aValue(tier: PrimaryServer, differences: Partial<NewValue> = {}): NewValue {
  const { incarnation, earliest } = tier.vantage()!;
  const [lastSeenAt, idleExpiresAt] = [earliest, earliest + MINUTE];
  const stamp = { incarnation, at: earliest };
  return {
    revision: 5,
    stamp,
    lastSeenAt,
    idleExpiresAt,
    envelope: Buffer.from('sealed, with its tag'),
    ttlMs: MINUTE,
    ...differences,
  };
}

/** The key of a value, of revision 5 by default. */
export async function filled(tier: PrimaryServer, differences: Partial<NewValue> = {}): Promise<Buffer> {
  const place = key();
  expect(await tier.lease(place, 'filler', null)).toBe(true);
  expect(await tier.fill(place, 'filler', aValue(tier, differences))).toBe(true);
  return place;
}

export const isBack = (tier: PrimaryServer): Promise<unknown> =>
  until(() => tier.vantage(), { what: 'the tier to be back' });

export async function failureOf(call: Promise<unknown>): Promise<TierFailure> {
  const error = await call.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TierFailure);
  return error as TierFailure;
}

/** How often the server has executed these commands. */
export const callsOf = (server: RedisServer, ...commands: string[]): Promise<number> => server.calls(...commands);
