import { createServer, type AddressInfo, type Server } from 'node:net';
import { inspect } from 'node:util';
import { Redis, type RedisOptions } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { TierFailure } from '../../../../../src/errors.ts';
import { toTierFailure, type Progress } from '../../../../../src/tiers/redis/connection/failure.ts';

type Options = Pick<RedisOptions, 'retryStrategy'>;

const CANARY = 'canary-secret';
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that answers every request with these bytes, or with nothing. */
async function listen(reply: string | null): Promise<number> {
  const server: Server = createServer((socket) => {
    closing.push(() => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', () => reply !== null && socket.write(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** The error as ioredis really makes it, with the arguments of the command attached. */
async function errorOf(port: number, options: Options = {}): Promise<unknown> {
  const redis = client(port, options);
  await redis.connect();
  return redis.set('key', CANARY).then(
    () => undefined,
    (error: unknown) => error,
  );
}

function client(port: number, options: Options): Redis {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    protocol: 2,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    ...options,
  });
  redis.on('error', () => {});
  closing.push(() => redis.disconnect());
  return redis;
}

describe('an error reply', () => {
  it.each([
    ['-LOADING Redis is loading the dataset in memory', 'rejected', 'LOADING'],
    ["-READONLY You can't write against a read only replica.", 'rejected', 'READONLY'],
    ['-MASTERDOWN Link with MASTER is down', 'rejected', 'MASTERDOWN'],
    ['-NOREPLICAS Not enough good replicas to write.', 'rejected', 'NOREPLICAS'],
    ["-OOM command not allowed when used memory > 'maxmemory'. script: abc, on @user_script:9.", 'rejected', 'OOM'],
    ['-MISCONF Redis is configured to save RDB snapshots, but', 'rejected', 'MISCONF'],
    ['-BUSY Redis is busy running a script', 'rejected', 'BUSY'],
    ['-CLUSTERDOWN Hash slot not served', 'rejected', 'CLUSTERDOWN'],
    ['-TRYAGAIN Multiple keys request during rehashing of slot', 'rejected', 'TRYAGAIN'],
    ['-NOSCRIPT No matching script. Please use EVAL.', 'rejected', 'NOSCRIPT'],
    ['-ERR max number of clients reached', 'rejected', 'max-clients'],
    ['-NOAUTH Authentication required.', 'misconfigured', 'NOAUTH'],
    ['-WRONGPASS invalid username-password pair or user is disabled.', 'misconfigured', 'WRONGPASS'],
    [`-NOPERM User ${CANARY} has no permissions to run the 'set' command`, 'misconfigured', 'NOPERM'],
    [`-ERR ACL failure in script: User ${CANARY} has no permissions`, 'misconfigured', 'NOPERM'],
    ['-WRONGTYPE Operation against a key holding the wrong kind of value', 'misconfigured', 'WRONGTYPE'],
    ["-CROSSSLOT Keys in request don't hash to the same slot", 'misconfigured', 'CROSSSLOT'],
    ['-MOVED 3999 127.0.0.1:6381', 'misconfigured', 'MOVED'],
    ["-ERR unknown command 'evalsha', with args beginning with:", 'misconfigured', 'unknown-command'],
    ['-ERR DB index is out of range', 'misconfigured', 'db-index'],
    ['-NOPROTO unsupported protocol version', 'misconfigured', 'NOPROTO'],
    ['-ERR Client sent AUTH, but no password is set', 'misconfigured', 'auth'],
    ["-ERR wrong number of arguments for 'auth' command", 'misconfigured', 'auth'],
    ['-DENIED Redis is running in protected mode', 'misconfigured', 'DENIED'],
    [`-ERR something that nobody has seen: ${CANARY}`, 'ambiguous', 'reply'],
    [`-${CANARY}`, 'ambiguous', 'reply'],
    ['-constructor', 'ambiguous', 'reply'],
  ])('%s: %s (%s)', async (reply, kind, reason) => {
    const error = await errorOf(await listen(`${reply}\r\n`));
    expect(inspect(error)).toContain(CANARY);
    expectFailure(error, kind, reason);
  });
});

describe('an error of the connection', () => {
  it('no server listens: nothing was sent', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const redis = client(port, {});
    const failed = new Promise((resolve) => redis.once('error', resolve));
    redis.connect().catch(() => {});
    expectFailure(await failed, 'not-sent', 'ECONNREFUSED');
  });

  it('not connected: nothing was sent', async () => {
    const redis = client(await listen(null), {});
    redis.connect().catch(() => {});
    const error = await redis.set('key', CANARY).catch((reason: unknown) => reason);
    expectFailure(error, 'not-sent', 'not-connected');
  });

  it('closed with the command in flight: ambiguous', async () => {
    const redis = client(await listen(null), { retryStrategy: () => 1 });
    await redis.connect();
    const error = redis.set('key', CANARY).catch((reason: unknown) => reason);
    redis.disconnect(true);
    expectFailure(await error, 'ambiguous', 'closed');
  });

  it('closed for good with the command in flight: ambiguous', async () => {
    const redis = client(await listen(null), {});
    await redis.connect();
    const error = redis.set('key', CANARY).catch((reason: unknown) => reason);
    redis.disconnect();
    expectFailure(await error, 'ambiguous', 'closed');
  });

  it('not Redis: misconfigured', async () => {
    const redis = client(await listen('HTTP/1.1 400 Bad Request\r\n\r\n'), {});
    const failed = new Promise((resolve) => redis.once('error', resolve));
    redis
      .connect()
      .then(() => redis.set('key', CANARY))
      .catch(() => {});
    const error = await failed;
    expectFailure(error, 'misconfigured', 'protocol', 'connected');
    // From a server that has shown to be Redis, it is a broken wire.
    expectFailure(error, 'ambiguous', 'protocol');
  });

  it.each([
    ['CERT_HAS_EXPIRED', 'misconfigured'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'misconfigured'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'misconfigured'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'misconfigured'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'misconfigured'],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'misconfigured'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'misconfigured'],
    ['ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR', 'misconfigured'],
    ['ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'ambiguous'],
    ['ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC', 'ambiguous'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ambiguous'],
    ['ERR_OSSL_ASN1_BAD_OBJECT_HEADER', 'ambiguous'],
    ['EPROTO', 'ambiguous'],
    ['ENOTFOUND', 'not-sent'],
    ['EHOSTUNREACH', 'not-sent'],
    ['ECONNRESET', 'ambiguous'],
    ['EPIPE', 'ambiguous'],
  ])('%s: %s', (code, kind) => {
    expectFailure(Object.assign(new Error(`about ${CANARY}`), { code }), kind, code);
  });

  it('what is no TLS is a mistake in the place of the handshake, and a broken wire after it', () => {
    const error = Object.assign(new Error('x'), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' });
    expectFailure(error, 'misconfigured', 'ERR_SSL_WRONG_VERSION_NUMBER', 'accepted');
    expectFailure(error, 'ambiguous', 'ERR_SSL_WRONG_VERSION_NUMBER', 'connected');
  });

  it('EPROTO says its reason in its text', () => {
    const eproto = (reason: string) =>
      Object.assign(
        new Error(
          `write EPROTO 40A7:error:0A00042E:SSL routines:ssl3_read_bytes:${reason}:../record.c:1605:SSL alert\n`,
        ),
        { code: 'EPROTO' },
      );
    const version = eproto('tlsv1 alert protocol version');
    expectFailure(version, 'misconfigured', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'accepted');
    expectFailure(eproto('decryption failed or bad record mac'), 'ambiguous', 'EPROTO', 'accepted');
    expectFailure(eproto(CANARY), 'ambiguous', 'EPROTO');
  });

  it('ETIMEDOUT says nothing was sent only while connecting', () => {
    const error = Object.assign(new Error('x'), { code: 'ETIMEDOUT' });
    expectFailure(error, 'ambiguous', 'ETIMEDOUT');
    expectFailure(Object.assign(error, { syscall: 'connect' }), 'not-sent', 'ETIMEDOUT');
  });
});

describe('anything else', () => {
  it.each([
    ['an unknown error', new Error(CANARY)],
    ['an unknown code', Object.assign(new Error('x'), { code: `CODE_${CANARY}` })],
    ['a code that only begins like a known one', Object.assign(new Error('x'), { code: `CERT_${CANARY}` })],
    ['no error at all', { message: CANARY }],
    ['nothing', undefined],
  ])('is ambiguous: %s', (_, error) => {
    expectFailure(error, 'ambiguous', 'unexpected');
  });

  it('that is classified already stays as it is', () => {
    const failure = new TierFailure('rejected', 'late');
    expect(toTierFailure(failure)).toBe(failure);
  });
});

function expectFailure(error: unknown, kind: string, reason: string, progress?: Progress): void {
  const failure = toTierFailure(error, progress);
  expect({ kind: failure.kind, reason: failure.reason }).toEqual({ kind, reason });
  expect(failure.cause).toBeUndefined();
  expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain(CANARY);
}
