import flash from 'connect-flash';
import express from 'express';
import session from 'express-session';
import { HoldfastStore } from 'holdfast/express-session';
import passport from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import { describe, expect, it } from 'vitest';
import { Gate, Jar, memorySessions, serve } from './site.ts';

interface User {
  readonly id: string;
}

interface Stored {
  passport?: { user?: string };
}

async function aSite(gates: Readonly<Record<string, Gate>> = {}) {
  const sessions = await memorySessions();
  const store = new HoldfastStore(sessions, { userIdOf: (data: Stored) => data.passport?.user });
  const authenticator = new passport.Passport();
  authenticator.use(
    new LocalStrategy((username, password, done) => {
      done(null, password === 'right' ? { id: username } : false, { message: 'Wrong password.' });
    }),
  );
  authenticator.serializeUser((user, done) => done(null, (user as User).id));
  authenticator.deserializeUser((id: string, done) => done(null, { id }));

  const app = express();
  app.use(session({ store, secret: 'keyboard cat', resave: false, saveUninitialized: false }));
  app.use(flash());
  app.use(authenticator.session());
  app.use(express.json());
  app.post(
    '/login',
    authenticator.authenticate('local', { failureRedirect: '/login', failureFlash: true }),
    (_, response) => response.redirect(303, '/me'),
  );
  app.post(
    '/login-keeping',
    authenticator.authenticate('local', { keepSessionInfo: true }),
    (_, response) => void response.end(),
  );
  app.post('/logout', (request, response, next) => {
    request.logout((error) => (error ? next(error) : response.redirect(303, '/me')));
  });
  app.get('/login', (request, response) => void response.json(request.flash('error')));
  app.get('/me', (request, response) => void response.json((request.user as User | undefined)?.id ?? null));
  app.post('/cart/:item', async (request, response) => {
    await gates[request.params.item]?.pass();
    Object.assign(request.session, { cart: request.params.item });
    response.end();
  });
  app.get('/cart', (request, response) => void response.json((request.session as { cart?: string }).cart ?? null));
  return { origin: await serve(app), sessions, jar: new Jar() };
}

const ada = { username: 'ada', password: 'right' };

describe('Passport on HoldfastStore', () => {
  it('signs a user in under a new id, files the session under the user, and the redirect finds it', async () => {
    const { origin, sessions, jar } = await aSite();
    await jar.post(`${origin}/cart/tea`);
    const before = jar.copy();
    expect(await jar.post(`${origin}/login`, ada)).toMatchObject({ status: 303 });
    expect(await jar.json(`${origin}/me`)).toBe('ada');
    expect(jar.cookie('connect.sid')).not.toBe(before.cookie('connect.sid'));
    expect(await before.json(`${origin}/me`)).toBeNull();
    expect(await before.json(`${origin}/cart`)).toBeNull();
    expect(await sessions.listByUser('ada')).toHaveLength(1);
  });

  it('keeps the cart through a login where the application asks for that', async () => {
    const { origin, jar } = await aSite();
    await jar.post(`${origin}/cart/tea`);
    await jar.post(`${origin}/login-keeping`, ada);
    expect(await jar.json(`${origin}/me`)).toBe('ada');
    expect(await jar.json(`${origin}/cart`)).toBe('tea');
  });

  it('shows a message of connect-flash once', async () => {
    const { origin, jar } = await aSite();
    expect((await jar.post(`${origin}/login`, { username: 'ada', password: 'wrong' })).status).toBe(302);
    expect(await jar.json(`${origin}/login`)).toEqual(['Wrong password.']);
    expect(await jar.json(`${origin}/login`)).toEqual([]);
    expect(await jar.json(`${origin}/me`)).toBeNull();
  });

  it('signs a user out for good, also while a slow request of the same browser goes on', async () => {
    const gate = new Gate();
    const { origin, sessions, jar } = await aSite({ slow: gate });
    await jar.post(`${origin}/login`, ada);
    const other = jar.copy();
    const slow = other.post(`${origin}/cart/slow`);
    await gate.arrived;
    expect((await jar.post(`${origin}/logout`)).status).toBe(303);
    gate.open();
    expect((await slow).status).toBe(200);
    expect(await jar.json(`${origin}/me`)).toBeNull();
    expect(await other.json(`${origin}/me`)).toBeNull();
    expect(await sessions.listByUser('ada')).toEqual([]);
  });

  it('loses a user everywhere when the application ends the sessions of the user', async () => {
    const { origin, sessions, jar } = await aSite();
    const phone = new Jar();
    await jar.post(`${origin}/login`, ada);
    await phone.post(`${origin}/login`, ada);
    expect(await sessions.destroyByUser('ada')).toBe(2);
    expect(await jar.json(`${origin}/me`)).toBeNull();
    expect(await phone.json(`${origin}/me`)).toBeNull();
  });
});
