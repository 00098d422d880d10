import type { Serializer } from '../../codec/serializer.ts';
import { jsonSerializer } from '../../codec/serializer.ts';
import type { EngineOptions } from '../../engine/engine.ts';
import { ConfigurationError } from '../../errors.ts';
import { KeyRing } from '../../keys/ring/key-ring.ts';
import type { KeySource } from '../../keys/key-source.ts';
import { UPDATE_TIMEOUT_MS_DEFAULT, UPDATE_TIMEOUT_MS_MAX, UPDATE_TIMEOUT_MS_MIN } from '../../limits/client.ts';
import { MEMO_BYTES_DEFAULT, MEMO_BYTES_MAX, MEMO_BYTES_MIN } from '../../limits/codec.ts';
import {
  DURABLE_TIMEOUT_MS_DEFAULT,
  DURABLE_TIMEOUT_MS_MAX,
  DURABLE_TIMEOUT_MS_MIN,
} from '../../limits/durable-tier.ts';
import {
  DURABLE_OUTAGE_READS_MS_DEFAULT,
  DURABLE_OUTAGE_READS_MS_MAX,
  DURABLE_OUTAGE_READS_MS_MIN,
} from '../../limits/feed.ts';
import {
  PRIMARY_TIMEOUT_MS_DEFAULT,
  PRIMARY_TIMEOUT_MS_MAX,
  PRIMARY_TIMEOUT_MS_MIN,
  REVALIDATE_AFTER_MS_DEFAULT,
  REVALIDATE_AFTER_MS_MAX,
  REVALIDATE_AFTER_MS_MIN,
} from '../../limits/primary-tier.ts';
import {
  NAMESPACE_CHARS_MAX,
  PAYLOAD_BYTES_DEFAULT,
  PAYLOAD_BYTES_MAX,
  PAYLOAD_BYTES_MIN,
  SERIALIZER_ID_MAX,
  SERIALIZER_ID_MIN,
  TOUCH_INTERVAL_MS_MAX,
  TOUCH_INTERVAL_MS_MIN,
} from '../../limits/session.ts';
import { requireInteger, requireMethods, requireOptions } from '../../option-checks.ts';
import { describe, parseDuration, type Duration } from '../../platform/duration.ts';
import { systemPlatform, type Platform } from '../../platform/platform.ts';
import type { DurableTier } from '../../tiers/durable.ts';
import type { PrimaryTier } from '../../tiers/primary.ts';
import { resolveClientLifetime, type Lifetime, type ResolvedLifetime } from './lifetime-options.ts';
import type { AnySchema, StandardSchema } from '../data/schema.ts';
import { resolveSweep, type SweepOptions } from './sweep-options.ts';
import { requireDurableTier, requirePrimaryTier } from './tier-options.ts';

/** The options of a client. Durations are milliseconds, or text such as '30s' and '12h'. */
export interface SessionClientOptions<T, Input = T> {
  /** The keys that seal sessions: a ring, or where to load one from. */
  readonly keys: KeyRing | KeySource;
  /** The fast tier, which may vanish: `redisTier(…)`, or `memoryPrimaryTier()` for a first look. */
  readonly primary: PrimaryTier;
  /** The truth: `prismaTier(…)`, or `memoryDurableTier()` for a first look. */
  readonly durable: DurableTier;
  readonly lifetime?: Lifetime;
  /**
   * The longest absolute lifetime that a call may give a session. One that would live for more than twice as long from now
   * on is refused when it is read: a thief with a key must not choose how long a forged session lives. From
   * `lifetime.absolute` to 366 days. @defaultValue `lifetime.absolute`
   */
  readonly maxLifetime?: Duration;
  /** Letters, digits, `.`, `_`, `-`; at most 64. Part of every key and of what is authenticated. @defaultValue 'holdfast' */
  readonly namespace?: string;
  /**
   * The longest that activity may go unrecorded; never more than a tenth of the idle lifetime. A larger value costs fewer
   * writes and ends sessions up to that much early. From 0 to 30 s. @defaultValue '30s'
   */
  readonly touchInterval?: Duration;
  /**
   * The time for which the primary tier's copy of a session is served before the durable tier has to confirm it. A larger
   * value costs fewer statements and lets a silently rolled-back Redis mislead for longer. From 1 s to 10 min.
   * @defaultValue '60s'
   */
  readonly revalidateAfter?: Duration;
  /** The longest that a write waits for its turn and tries again after conflicts. From 10 ms to 5 min. @defaultValue '5s' */
  readonly updateTimeout?: Duration;
  /** The time after which a command of the primary tier has failed. From 10 ms to 1 s. @defaultValue '250ms' */
  readonly primaryTimeout?: Duration;
  /** The time after which a statement of the durable tier has failed. From 50 ms to 5 s. @defaultValue '2s' */
  readonly durableTimeout?: Duration;
  /**
   * The longest that reads go on from the primary tier alone while the durable one is away. A larger value keeps users
   * signed in through longer outages, and keeps revocations that other nodes made meanwhile from being noticed. From 0 to
   * 24 h. @defaultValue '15m'
   */
  readonly durableOutageReads?: Duration;
  /**
   * Deletes rows of sessions that ended long ago, in the background: one node of the fleet at a time. `false` where a job of
   * your own calls `sweepSessions`, or the database's role may not delete. @defaultValue every 10 min, revoked ones after 24 h
   */
  readonly sweep?: false | SweepOptions;
  /** Bytes of serialized data, at most 1 048 576. @defaultValue 65536 */
  readonly maxPayload?: number;
  /**
   * The memory for opened envelopes, which are remembered for 30 s: 64 KiB to 1 GiB; `false`: none.
   * @defaultValue { bytes: 33_554_432 }
   */
  readonly memo?: false | { readonly bytes: number };
  /** Turns data into bytes and back. @defaultValue JSON */
  readonly serializer?: Serializer;
  /** A Standard Schema validator (zod, valibot, arktype): checks on write, checks and upcasts on read. */
  readonly schema?: AnySchema<T> | StandardSchema<Input, T>;
  /** @internal The clock, timers and randomness; for tests. */
  readonly platform?: Platform;
}

/** The options, complete and valid: deeper code never sees a default. */
export interface ResolvedOptions<T> {
  readonly engine: EngineOptions;
  readonly lifetime: ResolvedLifetime;
  readonly updateTimeoutMs: number;
  readonly serializer: Serializer;
  readonly schema: AnySchema<T> | undefined;
}

const NAMES = [
  'keys',
  'primary',
  'durable',
  'lifetime',
  'maxLifetime',
  'namespace',
  'touchInterval',
  'revalidateAfter',
  'updateTimeout',
  'primaryTimeout',
  'durableTimeout',
  'durableOutageReads',
  'sweep',
  'maxPayload',
  'memo',
  'serializer',
  'schema',
  'platform',
] as const satisfies readonly (keyof SessionClientOptions<unknown>)[];

/** Throws `ConfigurationError` that names the option, the value and the accepted range. Does no I/O. */
export function resolveOptions<T>(options: SessionClientOptions<T, unknown>): ResolvedOptions<T> {
  return resolveOwn(requireOptions('options', options, NAMES));
}

function resolveOwn<T>(options: SessionClientOptions<T, unknown>): ResolvedOptions<T> {
  const lifetime = resolveClientLifetime(options);
  const serializer = requireSerializer(options.serializer ?? jsonSerializer);
  return {
    engine: resolveEngine(options, lifetime.maxMs, serializer.id),
    lifetime,
    updateTimeoutMs: parseDuration(
      'updateTimeout',
      options.updateTimeout ?? UPDATE_TIMEOUT_MS_DEFAULT,
      UPDATE_TIMEOUT_MS_MIN,
      UPDATE_TIMEOUT_MS_MAX,
    ),
    serializer,
    schema: options.schema === undefined ? undefined : requireSchema(options.schema),
  };
}

function resolveEngine(
  options: SessionClientOptions<unknown>,
  maxLifetimeMs: number,
  serializerId: number,
): EngineOptions {
  return {
    platform: options.platform ?? systemPlatform,
    keys: requireKeys(options.keys),
    primary: requirePrimaryTier(options.primary),
    durable: requireDurableTier(options.durable),
    namespace: requireNamespace(options.namespace ?? 'holdfast'),
    touchIntervalMs: parseDuration(
      'touchInterval',
      options.touchInterval ?? TOUCH_INTERVAL_MS_MAX,
      TOUCH_INTERVAL_MS_MIN,
      TOUCH_INTERVAL_MS_MAX,
    ),
    revalidateAfterMs: parseDuration(
      'revalidateAfter',
      options.revalidateAfter ?? REVALIDATE_AFTER_MS_DEFAULT,
      REVALIDATE_AFTER_MS_MIN,
      REVALIDATE_AFTER_MS_MAX,
    ),
    primaryTimeoutMs: parseDuration(
      'primaryTimeout',
      options.primaryTimeout ?? PRIMARY_TIMEOUT_MS_DEFAULT,
      PRIMARY_TIMEOUT_MS_MIN,
      PRIMARY_TIMEOUT_MS_MAX,
    ),
    durableTimeoutMs: parseDuration(
      'durableTimeout',
      options.durableTimeout ?? DURABLE_TIMEOUT_MS_DEFAULT,
      DURABLE_TIMEOUT_MS_MIN,
      DURABLE_TIMEOUT_MS_MAX,
    ),
    durableOutageReadsMs: parseDuration(
      'durableOutageReads',
      options.durableOutageReads ?? DURABLE_OUTAGE_READS_MS_DEFAULT,
      DURABLE_OUTAGE_READS_MS_MIN,
      DURABLE_OUTAGE_READS_MS_MAX,
    ),
    sweep: resolveSweep(options.sweep ?? {}),
    maxPayloadBytes: requireInteger(
      'maxPayload',
      options.maxPayload ?? PAYLOAD_BYTES_DEFAULT,
      PAYLOAD_BYTES_MIN,
      PAYLOAD_BYTES_MAX,
    ),
    memoBytes: resolveMemo(options.memo),
    maxLifetimeMs,
    serializerId,
  };
}

function requireKeys(keys: KeyRing | KeySource): KeyRing | KeySource {
  const candidate: unknown = keys;
  if (candidate instanceof KeyRing) return keys;
  if (
    typeof candidate === 'object' &&
    candidate !== null &&
    'load' in candidate &&
    typeof candidate.load === 'function'
  ) {
    return keys;
  }
  throw new ConfigurationError(
    `keys: expected a KeyRing or a KeySource, such as keyRingFile('keys.json', { passphrase }), but got ${describe(candidate)}.`,
  );
}

function requireSerializer(serializer: Serializer): Serializer {
  requireMethods('serializer', serializer, ['serialize', 'parse'], 'a Serializer');
  const { id } = serializer;
  if (Number.isInteger(id) && id >= SERIALIZER_ID_MIN && id <= SERIALIZER_ID_MAX) return serializer;
  throw new ConfigurationError(
    `serializer.id: expected a whole number from ${SERIALIZER_ID_MIN} to ${SERIALIZER_ID_MAX}, but got ${describe(id)}.`,
  );
}

function requireNamespace(namespace: unknown): string {
  if (typeof namespace === 'string' && /^[\w.-]+$/.test(namespace) && namespace.length <= NAMESPACE_CHARS_MAX) {
    return namespace;
  }
  throw new ConfigurationError(
    `namespace: expected 1 to ${NAMESPACE_CHARS_MAX} letters, digits, '.', '_' or '-', but got ${describe(namespace)}.`,
  );
}

function resolveMemo(memo: SessionClientOptions<unknown>['memo']): number {
  if (memo === undefined) return MEMO_BYTES_DEFAULT;
  if (memo === false) return 0;
  const { bytes } = requireOptions('memo', memo, ['bytes']);
  return requireInteger('memo.bytes', bytes, MEMO_BYTES_MIN, MEMO_BYTES_MAX);
}

function requireSchema<T>(schema: AnySchema<T>): AnySchema<T> {
  const candidate: unknown = schema;
  // Validators may be functions (arktype) as well as objects.
  const isObject = (typeof candidate === 'object' && candidate !== null) || typeof candidate === 'function';
  if (isObject && typeof schema['~standard']?.validate === 'function') return schema;
  throw new ConfigurationError(`schema: expected a Standard Schema validator, but got ${describe(candidate)}.`);
}
