/** The servers that are compared, by the names under which they are reported. */
export const SITES = {
  expressRedis: 'Express: express-session + connect-redis',
  expressNative: 'Express: holdfast',
  expressStore: 'Express: express-session + HoldfastStore',
  fastifyRedis: 'Fastify: @fastify/session + connect-redis',
  fastifyNative: 'Fastify: holdfast',
  fastifyStore: 'Fastify: @fastify/session + HoldfastStore',
} as const;

export type SiteKey = keyof typeof SITES;

export const SITE_KEYS = Object.keys(SITES) as readonly SiteKey[];
/** The sites that have a database to serve from when Redis is gone. */
export const OUR_SITES: readonly SiteKey[] = ['expressNative', 'expressStore', 'fastifyNative', 'fastifyStore'];

/** Returns the same framework with the session library and the store that most applications have. */
export function peerOf(site: SiteKey): SiteKey {
  return site.startsWith('express') ? 'expressRedis' : 'fastifyRedis';
}

export const PAGES = {
  signedIn: { title: 'page view, signed in', method: 'GET', path: '/me' },
  write: { title: 'page view with a write', method: 'POST', path: '/visit' },
  anonymous: { title: 'page view, nobody signed in, no session', method: 'GET', path: '/' },
} as const;

export type PageKey = keyof typeof PAGES;

export const PAGE_KEYS = Object.keys(PAGES) as readonly PageKey[];

export function measurementName(site: SiteKey, page: PageKey, isRedisDown: boolean): string {
  return `${SITES[site]}, ${PAGES[page].title}${isRedisDown ? ', Redis killed' : ''}`;
}
