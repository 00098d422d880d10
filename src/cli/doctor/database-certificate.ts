import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import { codeOf } from '../../keys/file/ring-file.ts';
import { CERTIFICATE_TIMEOUT_MS } from '../../limits/doctor.ts';
import { withDeadline } from '../../platform/deadline.ts';
import type { Platform } from '../../platform/platform.ts';
import type { DatabaseTlsFacts } from './facts.ts';

/** The values of `sslmode` with which a client encrypts without knowing for whom, or not at all. */
const UNVERIFIED: ReadonlySet<string> = new Set(['allow', 'disable', 'no-verify', 'prefer']);
const PORTS: Readonly<Record<string, number>> = {
  'mysql:': 3306,
  'mariadb:': 3306,
  'postgres:': 5432,
  'postgresql:': 5432,
};

/**
 * Looks at the certificate that a database shows, as its client would begin to talk: no user and no password is sent. Null for an
 * address of no database server.
 */
export async function lookAtDatabase(
  address: string,
  caFile: string | undefined,
  platform: Platform,
): Promise<DatabaseTlsFacts | null> {
  const url = URL.parse(address);
  const port = url === null ? undefined : PORTS[url.protocol];
  if (url === null || port === undefined || url.hostname === '') return null;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const unverifiedBy = switchIn(url);
  let ca: string | undefined;
  try {
    ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
  } catch (error) {
    return { unverifiedBy, certificateUntil: null, refusal: `databaseCaFile: ${codeOf(error)}` };
  }
  const plain = connectTcp({ host, port: url.port === '' ? port : Number(url.port) });
  try {
    const late = (): Error => new Error('late');
    const hello = url.protocol.startsWith('postgres') ? askPostgres : askMysql;
    const shown = await withDeadline(platform, CERTIFICATE_TIMEOUT_MS, handshake(plain, hello, host, ca), late);
    return { unverifiedBy, ...shown };
  } catch {
    // Unreached, or without TLS: the tier says so.
    return { unverifiedBy, certificateUntil: null, refusal: null };
  } finally {
    plain.destroy();
  }
}

function switchIn({ searchParams }: URL): string | null {
  const mode = searchParams.get('sslmode') ?? '';
  const isLoose = UNVERIFIED.has(mode) || (mode === 'require' && searchParams.get('uselibpqcompat') === 'true');
  return isLoose ? `sslmode=${mode}` : null;
}

type Hello = (socket: Socket) => Promise<void>;

async function handshake(
  plain: Socket,
  hello: Hello,
  host: string,
  ca: string | undefined,
): Promise<Omit<DatabaseTlsFacts, 'unverifiedBy'>> {
  await hello(plain);
  // Only looked at, so everything is accepted, and nothing is sent but the name, by which some servers choose their certificate.
  const socket = connectTls({
    socket: plain,
    rejectUnauthorized: false,
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
  });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerCertificate();
  const until = Date.parse(certificate.valid_to);
  const name = checkServerIdentity(host, certificate);
  const refusal =
    ca === undefined ? null : (refusalOf(socket) ?? (name === undefined ? null : 'ERR_TLS_CERT_ALTNAME_INVALID'));
  socket.destroy();
  return { certificateUntil: Number.isNaN(until) ? null : until, refusal };
}

/** Node gives the code of OpenSSL, though its types say otherwise. */
function refusalOf({ authorizationError }: TLSSocket): string | null {
  const error: unknown = authorizationError;
  if (error === undefined || error === null) return null;
  return typeof error === 'string' ? error : 'unverified';
}

/** SSLRequest, to which the server answers `S`. */
async function askPostgres(socket: Socket): Promise<void> {
  await once(socket, 'connect');
  socket.write(Buffer.from('0000000804d2162f', 'hex'));
  const answer = await firstBytes(socket);
  if (answer.toString('latin1', 0, 1) !== 'S') throw new Error('no TLS');
}

/** The server greets; the answer says that TLS follows: its own length, number 1, flags, size of packets, character set. */
async function askMysql(socket: Socket): Promise<void> {
  await firstBytes(socket);
  const packet = Buffer.alloc(36);
  packet.writeUInt32LE(32 | (1 << 24), 0);
  // CLIENT_PROTOCOL_41, CLIENT_SSL and CLIENT_SECURE_CONNECTION.
  packet.writeUInt32LE(0x0000_8a00, 4);
  packet.writeUInt32LE(0x0100_0000, 8);
  packet.writeUInt8(45, 12);
  socket.write(packet);
}

function once(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}

function firstBytes(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    socket.once('data', (bytes) => {
      socket.pause();
      resolve(bytes);
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
}
