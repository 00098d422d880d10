import { stat } from 'node:fs/promises';
import { requireEngine } from '../../client/engine-of.ts';
import type { SessionClient } from '../../client/session-client.ts';
import type { EngineOptions } from '../../engine/engine.ts';
import { isTierFailure, TierFailure } from '../../errors.ts';
import type { TierContext } from '../../tiers/context.ts';
import type { DurableFacts, PrimaryFacts } from '../../tiers/diagnosis.ts';
import type { Settings } from '../config/settings.ts';
import { lookAtDatabase } from './database-certificate.ts';
import type { DatabaseTlsFacts, Facts, FileFacts, TierFacts } from './facts.ts';
import { collectKeys, ringFormOf } from './keys.ts';

export interface Examination {
  readonly client: SessionClient;
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly keyAgeMsMax: number;
}

/**
 * Collects the facts for the checks. Opens the tiers of the client, but not the client: the doctor is no node of the fleet, and changes
 * nothing but a key of Redis that no reader uses.
 */
export async function collect({ client, settings, env, keyAgeMsMax }: Examination): Promise<Facts> {
  const options = requireEngine('doctor', client).options;
  const { platform, namespace, primaryTimeoutMs, durableTimeoutMs } = options;
  const ringFile = settings.text('ring') ?? ('file' in options.keys ? options.keys.file : undefined);
  try {
    const durable = await collectDurable(options);
    const [primary, databaseTls, files, keys] = await Promise.all([
      collectPrimary(options),
      collectDatabaseTls(settings, env, options),
      collectFiles(settings, ringFile),
      collectKeys(options, durable.failure === null ? options.durable : null, ringFile),
    ]);
    const now = platform.now();
    return {
      now,
      namespace,
      primaryTimeoutMs,
      durableTimeoutMs,
      keyAgeMsMax,
      files,
      primary,
      durable,
      databaseTls,
      keys,
    };
  } finally {
    await Promise.allSettled([options.primary.close(), options.durable.close()]);
  }
}

async function collectPrimary(options: EngineOptions): Promise<TierFacts<PrimaryFacts>> {
  const { primary, platform, namespace, primaryTimeoutMs: timeoutMs } = options;
  const context: TierContext = { namespace, platform, timeoutMs };
  const opening = await failureOf(primary.open(context, { onShardChange() {}, onShardsChange() {} }));
  // A cluster opens as long as somebody names its nodes, whether they serve or not.
  const failure =
    opening ?? primary.failure() ?? primary.shards.map((shard) => shard.failure()).find((each) => each !== null);
  return { failure: failure ?? null, facts: (await primary.diagnose?.(context)) ?? null };
}

async function collectDurable(options: EngineOptions): Promise<TierFacts<DurableFacts>> {
  const { durable, platform, namespace, durableTimeoutMs: timeoutMs, sweep } = options;
  const context: TierContext = { namespace, platform, timeoutMs, sweeps: sweep !== null };
  const failure = await failureOf(durable.open(context));
  if (failure !== null) return { failure, facts: null };
  try {
    return { failure, facts: (await durable.diagnose?.(context)) ?? null };
  } catch (error) {
    return { failure: toFailure(error), facts: null };
  }
}

function failureOf(opening: Promise<void>): Promise<TierFailure | null> {
  return opening.then(() => null, toFailure);
}

function toFailure(error: unknown): TierFailure {
  return isTierFailure(error) ? error : new TierFailure('ambiguous', 'unexpected');
}

async function collectDatabaseTls(
  settings: Settings,
  env: Examination['env'],
  { platform }: EngineOptions,
): Promise<DatabaseTlsFacts | null> {
  // The name that Prisma's own documents use.
  const address = settings.text('databaseUrl') ?? env['DATABASE_URL'];
  return address === undefined ? null : lookAtDatabase(address, settings.text('databaseCaFile'), platform);
}

async function collectFiles(settings: Settings, ringFile: string | undefined): Promise<readonly FileFacts[]> {
  const named: readonly (readonly [string, string | undefined])[] = [
    ['the key ring', ringFile],
    ['the file of the passphrase', settings.text('passphraseFile')],
    ['the key-encryption key', settings.text('kekFile')],
    ['the file of the password for Redis', settings.text('redisPasswordFile')],
    ['the key of the client certificate', settings.text('redisKeyFile')],
    ['the configuration file, which holds a password,', holdsPassword(settings) ? settings.file?.path : undefined],
  ];
  const isSealed = (await ringFormOf(ringFile)) === 'sealed';
  const found = await Promise.all(
    named.map(async ([what, path]) => {
      const mode =
        path === undefined
          ? undefined
          : await stat(path).then(
              (file) => file.mode & 0o777,
              () => undefined,
            );
      return mode === undefined ? [] : [{ what, mode, isSealed: isSealed && path === ringFile }];
    }),
  );
  // Windows has other permissions.
  return process.platform === 'win32' ? [] : found.flat();
}

function holdsPassword({ file }: Settings): boolean {
  const addresses = [file?.settings.redisUrl, file?.settings.databaseUrl];
  return addresses.some((address) => typeof address === 'string' && (URL.parse(address)?.password ?? '') !== '');
}
