import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { isPortTaken } from '../../support/servers/ports.ts';
import { Controls } from './controls.ts';
import { panel, requireLoopback } from './panel.ts';
import { readState } from './state.ts';
import { openWorld, takeSnapshot, type World } from './world.ts';

/** How often the panel learns of new calls, and of the state of the tiers. */
const BEAT_MS = 200;
const HOST = '127.0.0.1';

export interface Site {
  /** Where the panel is. */
  readonly url: string;
  readonly world: World;
}

/** Starts the servers and the site; `resources` stops them. */
export async function openSite(resources: AsyncDisposableStack, port: number): Promise<Site> {
  const world = await openWorld(resources);
  const server = resources.adopt(await listen(site(world), port), closeServer);
  resources.defer(() => world.feed.close());
  const beat = setInterval(() => void report(world), BEAT_MS);
  resources.defer(() => clearInterval(beat));
  resources.defer(world.facts.on((fact) => world.feed.send('fact', fact)));
  return { url: `http://localhost:${(server.address() as AddressInfo).port}/demo/`, world };
}

function site(world: World): Express {
  let turn = 0;
  const app = express().disable('x-powered-by').use(requireLoopback);
  app.use('/demo', panel(world, new Controls(world)));
  // The load balancer: one request to the first node, the next one to the second.
  app.use(async (req, res, next) => {
    const node = world.nodes[(turn += 1) % world.nodes.length] ?? world.nodes[0];
    // So that the snapshot is always older than the visitor's latest write.
    if (req.method === 'POST') await takeSnapshot(world).catch(() => undefined);
    res.once('finish', () => {
      world.feed.send('visit', { method: req.method, path: req.path, status: res.statusCode });
      // A new id: without it, the snapshot would know nothing of the visitor.
      if (res.hasHeader('set-cookie')) void takeSnapshot(world).catch(() => undefined);
    });
    world.recorder.visit('visitor', () => node.shop(req, res, next));
  });
  return app;
}

async function report(world: World): Promise<void> {
  if (!world.feed.isWatched) return;
  const samples = world.recorder.takeNew();
  if (samples.length > 0) world.feed.send('calls', samples);
  world.feed.keep('state', await readState(world));
}

/** On another port if this one is taken. */
export async function listen(app: Express, port: number): Promise<Server> {
  try {
    const server = createServer(app).listen(port, HOST);
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (!isPortTaken(error) || port === 0) throw error;
    return listen(app, 0);
  }
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
