import { Router } from 'express';
import { accountPage, passwordPage } from '../pages/account-page.ts';
import { layout } from '../pages/layout.ts';
import { signInPage } from '../pages/sign-in-page.ts';
import { deviceOf, field } from '../requests.ts';
import type { Sessions } from '../sessions.ts';
import { isPassword, setPassword } from '../users.ts';

/** Pages to come back to after a login; nothing else, or a link could send people anywhere. */
const RETURNS = ['/account', '/account/password', '/checkout'];
const returnTo = (path: unknown): string => RETURNS.find((each) => each === path) ?? '/';

export function accountRoutes(session: Sessions): Router {
  const router = Router();

  router.get('/sign-in', async (req, res) => {
    const mine = await session.of(req).get();
    const page = signInPage({ back: returnTo(req.query['back']), user: mine?.userId });
    res.send(layout(mine, mine?.userId === undefined ? 'Sign in' : 'Is it you?', page));
  });

  router.post('/sign-in', async (req, res) => {
    const name = field(req, 'name');
    const back = returnTo(field(req, 'back'));
    if (await isPassword(name, field(req, 'password'))) {
      // A new session id, always; the cart comes along. The same call serves a step-up.
      await session.of(req).login(name, { label: deviceOf(req) });
      return res.redirect(303, back);
    }
    const mine = await session.of(req).get();
    const page = signInPage({ back, user: mine?.userId, name, complaint: 'That is not the password of this account.' });
    return res.status(401).send(layout(mine, 'Sign in', page));
  });

  router.get('/account', async (req, res) => {
    const mine = await session.of(req).requireUser();
    res.send(layout(mine, 'Your account', accountPage(await session.of(req).devices())));
  });

  router.post('/account/devices/end', async (req, res) => {
    await session.of(req).logoutDevice(field(req, 'handle'));
    res.redirect(303, '/account');
  });

  router.get('/account/password', async (req, res) => {
    const mine = await session.of(req).requireFresh();
    res.send(layout(mine, 'New password', passwordPage()));
  });

  router.post('/account/password', async (req, res) => {
    const mine = await session.of(req).requireFresh();
    const password = field(req, 'password');
    if (password.length < 8) {
      return res.status(400).send(layout(mine, 'New password', passwordPage('At least eight characters.')));
    }
    await setPassword(mine.userId, password);
    // Somebody who knew the old one may be signed in somewhere.
    await session.of(req).logoutEverywhere({ keepThis: true });
    return res.redirect(303, '/account');
  });

  router.post('/sign-out', async (req, res) => {
    await session.of(req).logout();
    res.redirect(303, '/');
  });

  router.post('/sign-out-everywhere', async (req, res) => {
    await session.of(req).logoutEverywhere();
    res.redirect(303, '/');
  });

  return router;
}
