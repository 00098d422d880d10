import type { NextFunction, Request, Response } from 'express';

/** A field of a form, or an empty text. */
export function field({ body }: Request, name: string): string {
  const value: unknown = (body as Record<string, unknown> | undefined)?.[name];
  return typeof value === 'string' ? value : '';
}

/**
 * Refuses what another site sends. `SameSite=Lax` keeps the cookie out of such requests, but not out of those from another host of the
 * same site; browsers say where a request comes from, and no page can forge it.
 */
export function refuseOtherSites(req: Request, res: Response, next: NextFunction): void {
  const isSafe = req.method === 'GET' || req.method === 'HEAD';
  const from = req.get('sec-fetch-site') ?? 'same-origin';
  if (isSafe || from === 'same-origin' || from === 'none') next();
  else res.status(403).send('This form was sent from another site.');
}

/** `framedBy` names the pages that may show the shop in a frame, as `frame-ancestors` does. */
export const secureHeaders =
  (framedBy: string) =>
  (_req: Request, res: Response, next: NextFunction): void => {
    res.set({
      'Content-Security-Policy': `default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors ${framedBy}`,
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'same-origin',
    });
    next();
  };

/** A line for the device list, in words that a person recognizes. */
export function deviceOf(req: Request): string {
  const agent = req.get('user-agent') ?? '';
  const first = (names: Readonly<Record<string, RegExp>>): string =>
    Object.entries(names).find(([, pattern]) => pattern.test(agent))?.[0] ?? 'something else';
  return `${first(BROWSERS)} on ${first(SYSTEMS)}`;
}

const BROWSERS = { Edge: /Edg\//, Firefox: /Firefox\//, Chrome: /Chrome\//, Safari: /Safari\// };
const SYSTEMS = {
  Android: /Android/,
  iPhone: /iPhone/,
  iPad: /iPad/,
  Windows: /Windows/,
  Mac: /Macintosh/,
  Linux: /Linux/,
};
