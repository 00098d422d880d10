import type { HttpSessionOptions } from 'holdfast/express';
import { generateKeyRing, SessionClient, type SessionClientOptions } from '../../../src/index.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { redisTierFor } from '../../support/real-client.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';
import { Browser } from './browser.ts';
import { initial, shopRoutes, type Shop } from './shop.ts';
import { requireAvailable } from './trials.ts';
import type { Application, Site, Subject } from './subject.ts';

/** A subject on two nodes behind one name, each with a client of its own, over one Redis and one database. */
export interface Stand {
  readonly nodes: readonly Site[];
  readonly sessions: SessionClient<Shop>;
  /** A browser that has never been here. */
  browser(): Browser;
  /** The same for a trial, which it ends where a tier did not answer in time. */
  trialBrowser(): Browser;
  close(): Promise<void>;
}

const ring = generateKeyRing();

export async function shopClient(
  options: Omit<SessionClientOptions<Shop>, 'keys'> & Partial<Pick<SessionClientOptions<Shop>, 'keys'>>,
): Promise<SessionClient<Shop>> {
  const client = new SessionClient<Shop>({ keys: await ring, ...options });
  await client.ready();
  return client;
}

export const applicationOf = (
  sessions: SessionClient<Shop>,
  more: Pick<Application, 'onError' | 'servers'> & { readonly options?: Partial<HttpSessionOptions<Shop>> } = {},
): Application => ({
  sessions,
  routes: shopRoutes,
  ...more,
  options: { initial, ...more.options },
});

export async function openStand(subject: Subject, options: Partial<HttpSessionOptions<Shop>> = {}): Promise<Stand> {
  const database = await freshDatabase('postgresql');
  const namespace = uniqueNamespace();
  const open = async () => {
    const { prisma } = await database.open();
    return shopClient({
      namespace,
      primary: redisTierFor(sharedRedis()),
      durable: prismaTier(prisma, { provider: 'postgresql' }),
    });
  };
  const clients = await Promise.all([open(), open()]);
  const { url, ca } = database;
  const servers = { redis: sharedRedis(), database: { url, ca }, namespace, ring: (await ring).toJwks() };
  const nodes = await Promise.all(
    clients.map((sessions) => subject.start(applicationOf(sessions, { options, servers }))),
  );
  return {
    nodes,
    sessions: clients[0],
    browser: () => new Browser(nodes),
    trialBrowser: () => new Browser(nodes, [], requireAvailable),
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
      await Promise.all(clients.map((client) => client.close()));
      await database.close();
    },
  };
}
