import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Redis } from 'ioredis';
import { TierFailure } from '../../../errors.ts';
import { DIAGNOSIS_TIMEOUT_MS } from '../../../limits/primary-tier.ts';
import { withDeadline } from '../../../platform/deadline.ts';
import type { Platform } from '../../../platform/platform.ts';
import type { TierContext } from '../../context.ts';
import type { PrimaryServerFacts } from '../../diagnosis.ts';
import { isLoopback } from '../../loopback.ts';
import { clientSettings } from '../connection/client-settings.ts';
import { toTierFailure } from '../connection/failure.ts';
import { toMilliseconds } from '../connection/server-clock.ts';
import type { ServerMode } from '../connection/server-info.ts';
import { openSocket } from '../connection/socket.ts';
import { KeyNames } from '../key-names.ts';
import { readAccess, type Access } from '../options/access.ts';
import type { RedisCredentials, ServerOptions } from '../options/topology.ts';
import { tryCommands } from './trials.ts';

export interface ServerToDiagnose {
  readonly name: string;
  readonly options: ServerOptions;
  readonly mode: ServerMode;
}

const TIMES_ASKED = 5;

/** A connection of its own, which no session uses, and its socket. */
interface Line {
  readonly redis: Redis;
  readonly socket: () => Socket | undefined;
}

/** Looks at one server over connections of its own. Never rejects. */
export async function diagnoseServer(server: ServerToDiagnose, context: TierContext): Promise<PrimaryServerFacts> {
  const { name, options } = server;
  const unknown = { ...NOTHING, name, isEncrypted: options.tls !== undefined };
  const late = (): Error => new TierFailure('ambiguous', 'deadline');
  const lines: Line[] = [];
  try {
    return await withDeadline(context.platform, DIAGNOSIS_TIMEOUT_MS, look(server, context, lines), late);
  } catch (error) {
    return { ...unknown, failure: toTierFailure(error, 'reaching') };
  } finally {
    for (const { redis } of lines) redis.disconnect();
  }
}

async function look(
  { name, options, mode }: ServerToDiagnose,
  { platform, namespace }: TierContext,
  lines: Line[],
): Promise<PrimaryServerFacts> {
  const access = await readAccess(options, platform);
  const line = lineTo(options, access, access.credentials);
  lines.push(line);
  const { redis } = line;
  await connect(redis);
  const trials = await tryCommands(redis, mode, new KeyNames(namespace).probe);
  const { aheadMs, roundTripMs } = await readTime(redis, platform);
  const [info, settings, isOpen] = await Promise.all([
    redis.info().then(fieldsOf, () => new Map<string, string>()),
    trials.surplus.includes('CONFIG') ? settingsOf(redis) : new Map<string, string>(),
    // Where a certificate stands for the password, those who have none do not get so far.
    access.credentials !== undefined && isOpenToAll(options, access, lines),
  ]);
  const socket = line.socket();
  return {
    ...trials,
    name,
    failure: null,
    isEncrypted: socket instanceof TLSSocket,
    isLocal: isLoopback(socket?.remoteAddress),
    certificateUntil: socket instanceof TLSSocket ? Date.parse(socket.getPeerCertificate().valid_to) : null,
    isDefaultUser: isDefaultUser(access),
    isOpen,
    info,
    settings,
    clockAheadMs: aheadMs,
    roundTripMs,
  };
}

/** The quickest of a few answers: a busy machine delays some, and distance all. */
async function readTime(redis: Redis, platform: Platform): Promise<{ aheadMs: number | null; roundTripMs: number }> {
  let best: { aheadMs: number | null; roundTripMs: number } = { aheadMs: null, roundTripMs: Number.POSITIVE_INFINITY };
  for (let n = 0; n < TIMES_ASKED; n += 1) {
    const sentAt = platform.monotonic();
    const answer = await redis.time().then(toMilliseconds, () => null);
    const roundTripMs = platform.monotonic() - sentAt;
    if (roundTripMs >= best.roundTripMs) continue;
    best = { aheadMs: answer === null ? null : answer + roundTripMs / 2 - platform.now(), roundTripMs };
  }
  return best;
}

function lineTo(options: ServerOptions, { tls }: Access, credentials: RedisCredentials | undefined): Line {
  let socket: Socket | undefined;
  const open = (): Socket => (socket = openSocket(options.endpoint, tls));
  const redis = new Redis({ ...clientSettings(options, open), ...credentials });
  return { redis, socket: () => socket };
}

/** Connects. Rejects with the reason: ioredis rejects with "closed", and emits the reason before. */
function connect(redis: Redis): Promise<void> {
  let reason: unknown;
  redis.on('error', (error: unknown) => (reason ??= error));
  return redis.connect().catch((error: unknown) => {
    throw reason ?? error;
  });
}

/** A certificate may stand for another user. */
function isDefaultUser({ credentials, tls }: Access): boolean {
  return credentials === undefined ? tls === undefined : (credentials.username ?? 'default') === 'default';
}

/** True if the server answers to somebody who gives no password. A client certificate, if any, is shown all the same. */
async function isOpenToAll(options: ServerOptions, access: Access, lines: Line[]): Promise<boolean> {
  const line = lineTo(options, access, undefined);
  lines.push(line);
  try {
    await connect(line.redis);
    await line.redis.info('server');
    return true;
  } catch (error) {
    // A user without a password that may do nothing is still one whom anybody can be.
    return error instanceof Error && error.message.startsWith('NOPERM');
  }
}

/** The settings that INFO does not show. */
const SETTINGS = ['save', 'cluster-require-full-coverage', 'cluster-allow-reads-when-down'];

async function settingsOf(redis: Redis): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of SETTINGS) {
    const [, value] = await redis.config('GET', name).catch(() => []);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

function fieldsOf(info: string): ReadonlyMap<string, string> {
  const lines = [...info.matchAll(/^([\w-]+):([^\r\n]*)/gm)];
  return new Map(lines.map(([, name = '', value = '']) => [name, value]));
}

const NOTHING: Omit<PrimaryServerFacts, 'failure' | 'isEncrypted' | 'name'> = {
  isLocal: false,
  certificateUntil: null,
  isDefaultUser: false,
  isOpen: false,
  missing: [],
  lacksKeys: false,
  surplus: [],
  readsOtherKeys: false,
  info: new Map(),
  settings: new Map(),
  clockAheadMs: null,
  roundTripMs: 0,
};
