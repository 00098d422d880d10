import { PRIMARY_CONNECT_TIMEOUT_MS } from '../../src/limits/primary-tier.ts';
import { envelopeTag } from '../../src/session/sealed-record.ts';
import type { NewValue, RestampCommand } from '../../src/tiers/primary.ts';
import { callsOf, SLACK_MS, TIMEOUT_MS } from './real-redis-tier.ts';
import type { RedisServer } from './servers/redis.ts';

export const OPEN_BOUND_MS = PRIMARY_CONNECT_TIMEOUT_MS + TIMEOUT_MS + SLACK_MS;

/** Confirms exactly this value. */
export function stampOf({ envelope, ...value }: NewValue): RestampCommand {
  return { ...value, tag: envelopeTag(envelope) };
}

export const evalCalls = (server: RedisServer) => callsOf(server, 'eval', 'evalsha');
