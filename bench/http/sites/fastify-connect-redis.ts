import { redisStoreOf } from '../../stores/connect-redis.ts';
import { PEER_PREFIX } from '../../servers.ts';
import { fastifyPages } from '../fastify-pages.ts';
import { fastifySession } from '../fastify-session.ts';
import { requestSession } from '../request-session.ts';
import type { OpenSite } from '../site.ts';

export const open: OpenSite = async ({ redis, peer }, resources) => {
  const { store, close } = await redisStoreOf({ redis, peer }, { prefix: `${PEER_PREFIX}fastify:` });
  resources.defer(close);
  return fastifyPages(fastifySession(store), requestSession);
};
