import { dbOf, decodeUserInfo, endpointOf, parseAddress } from './address.ts';
import type { FoundServers } from './servers.ts';

/** Reads `url`: one server. */
export function resolveStandalone(text: unknown): FoundServers {
  const url = parseAddress('url', text);
  return {
    topology: { kind: 'standalone', endpoint: endpointOf(url), db: dbOf('url', url) },
    option: 'url',
    isEncrypted: url.protocol === 'rediss:',
    username: decodeUserInfo('url', url.username),
    password: decodeUserInfo('url', url.password),
  };
}
