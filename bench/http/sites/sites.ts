import type { SiteKey } from '../names.ts';
import type { OpenSite } from '../site.ts';

const OPENERS: Readonly<Record<SiteKey, () => Promise<{ readonly open: OpenSite }>>> = {
  expressRedis: () => import('./express-connect-redis.ts'),
  expressNative: () => import('./express-holdfast.ts'),
  expressStore: () => import('./express-holdfast-store.ts'),
  fastifyRedis: () => import('./fastify-connect-redis.ts'),
  fastifyNative: () => import('./fastify-holdfast.ts'),
  fastifyStore: () => import('./fastify-holdfast-store.ts'),
};

/** A process loads the packages of its own site, and of no other. */
export const openSite: OpenSite = async (orders, resources) => {
  const { open } = await OPENERS[orders.site]();
  return open(orders, resources);
};
