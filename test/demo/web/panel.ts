import { fileURLToPath } from 'node:url';
import express, { Router, type NextFunction, type Request, type Response } from 'express';
import type { Visitor } from './buttons/button.ts';
import type { Controls } from './controls.ts';
import { readMySession } from './my-session.ts';
import type { World } from './world.ts';

const PAGE = fileURLToPath(new URL('page', import.meta.url));

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The panel beside the shop: its files, its events, and its buttons. */
export function panel(world: World, controls: Controls): Router {
  const router = Router();
  router.use(headers);
  router.get('/events', (req, res) => world.feed.open(req, res));
  router.get('/session', async (req, res) => {
    res.json(await readMySession(world, idOf(req)));
  });
  router.post('/press/:name', requireOwnPage, world.nodes[0].ofRequest, async (req, res) => {
    const visitor: Visitor = { id: idOf(req), session: world.nodes[0].ofRequest.of(req) };
    const { status, text } = await controls.press(String(req.params['name']), visitor);
    res.status(status).json({ text });
  });
  router.use(express.static(PAGE, { cacheControl: false }));
  return router;
}

/** Answers only to the names of this machine: another site whose name leads here (DNS rebinding) is not one of them. */
export function requireLoopback(req: Request, res: Response, next: NextFunction): void {
  if (/^(?:localhost|127\.0\.0\.1):\d+$/.test(req.get('host') ?? '')) next();
  else res.sendStatus(403);
}

/** Browsers send with every POST the page that it comes from, and no page can forge it. */
function requireOwnPage(req: Request, res: Response, next: NextFunction): void {
  if (req.get('origin') === `http://${req.get('host')}`) next();
  else res.status(403).json({ text: 'This was sent from another page.' });
}

function headers(_req: Request, res: Response, next: NextFunction): void {
  res.set({
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
}

/**
 * The session id in the visitor's own cookie. Its signature is not checked: a browser that has the id has the session, and the panel shows
 * only what lies under it.
 */
function idOf(req: Request): string | undefined {
  return /(?:^|; )__Host-sid=([\w-]{43})\.[\w-]{43}(?:;|$)/.exec(req.get('cookie') ?? '')?.[1];
}
