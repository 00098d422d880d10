import { invalid } from './option-values.ts';
import type { Endpoint } from './topology.ts';

const DEFAULT_PORT = 6379;
/** The bound on database numbers, above any server's own limit, which the server reports. */
const DB_MAX = 16_383;

/** Parses `rediss://[user:password@]host[:port][/db]`; `option` is its name in messages. */
export function parseAddress(option: string, text: unknown): URL {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  const isRedis =
    url !== null && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== '' && url.port !== '0';
  if (!isRedis) throw invalid(`${option} must be of the form rediss://[user:password@]host[:port][/db]`);
  if (url.search !== '' || url.hash !== '') throw invalid(`${option} must have no query and no fragment`);
  return url;
}

/** IPv6 addresses stand in brackets in a URL, and nowhere else. */
export function endpointOf({ hostname, port }: URL, defaultPort: number = DEFAULT_PORT): Endpoint {
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? defaultPort : Number(port) };
}

export function dbOf(option: string, { pathname }: URL): number {
  if (pathname === '' || pathname === '/') return 0;
  const db = /^\/\d{1,5}$/.test(pathname) ? Number(pathname.slice(1)) : Number.NaN;
  if (!(db <= DB_MAX)) throw invalid(`${option} may end in a database number from 0 to ${DB_MAX} and in nothing else`);
  return db;
}

export function decodeUserInfo(option: string, encoded: string): string | undefined {
  if (encoded === '') return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw invalid(`${option} holds a user name or password that is not percent-encoded properly`);
  }
}
