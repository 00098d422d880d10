import { fileURLToPath } from 'node:url';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { SessionClient } from 'holdfast';
import { html } from './html.ts';
import { layout } from './pages/layout.ts';
import { refuseOtherSites, secureHeaders } from './requests.ts';
import { accountRoutes } from './routes/account-routes.ts';
import { shopRoutes } from './routes/shop-routes.ts';
import { sessionsOfRequests, type Shop } from './sessions.ts';

const STYLE = fileURLToPath(new URL('style.css', import.meta.url));

export function shop(client: SessionClient<Shop>, { framedBy = "'none'" } = {}): Express {
  const session = sessionsOfRequests(client);
  return express()
    .disable('x-powered-by')
    .get('/style.css', (_req, res) => res.sendFile(STYLE))
    .use(secureHeaders(framedBy), refuseOtherSites, express.urlencoded({ extended: false }), session)
    .use(shopRoutes(session), accountRoutes(session))
    .use(answerErrors);
}

/** The library's errors have a code and a status; only what this shop answers in its own way is here. */
const answerErrors: ErrorRequestHandler = (error, req, res, next) => {
  const { code, status } = error as { code?: string; status?: number };
  if (code === 'HOLDFAST_LOGIN_REQUIRED') {
    const back = req.method === 'GET' ? req.path : '/account';
    res.redirect(303, `/sign-in?back=${encodeURIComponent(back)}`);
  } else if (status === 409) {
    // Another tab has signed in or out meanwhile: what the browser has now is right.
    res.redirect(303, '/');
  } else if (status === 503 && !res.headersSent) {
    const text = html`<p class="card">
      We cannot look up your session at the moment. You are still signed in; please try again.
    </p>`;
    res
      .status(503)
      .set(error.headers)
      .send(layout(null, 'One moment', text));
  } else next(error);
};
