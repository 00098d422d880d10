import { redisStoreOf } from '../../stores/connect-redis.ts';
import { PEER_PREFIX } from '../../servers.ts';
import { expressPages } from '../express-pages.ts';
import { expressSession } from '../express-session.ts';
import { requestSession } from '../request-session.ts';
import type { OpenSite } from '../site.ts';

export const open: OpenSite = async ({ redis, peer }, resources) => {
  const { store, close } = await redisStoreOf({ redis, peer }, { prefix: `${PEER_PREFIX}express:` });
  resources.defer(close);
  return expressPages(expressSession(store), requestSession);
};
