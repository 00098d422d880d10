import fastifySession from '@fastify/session';
import connectPgSimple from 'connect-pg-simple';
import type { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import fastify from 'fastify';
import Koa from 'koa';
import koaSession from 'koa-session';
import { HoldfastStore } from 'holdfast/express-session';
import type { KeyRing } from '../../src/index.ts';
import { SessionClient } from '../../src/index.ts';
import { memoryDurableTier, memoryPrimaryTier } from '../../src/tiers/memory/index.ts';

declare const keys: KeyRing;
declare const redis: RedisStore;

const sessions = new SessionClient({ keys, primary: memoryPrimaryTier(), durable: memoryDurableTier() });
const store = new HoldfastStore(sessions);

// express-session, as its own types describe a store.
store satisfies session.Store;
express().use(session({ store, secret: 'a', resave: false, saveUninitialized: false }));
store.get('id', (_error, stored) => stored?.cookie.originalMaxAge satisfies number | null | undefined);

// @fastify/session and koa-session, by the same class.
void fastify().register(fastifySession, { store, secret: 'a' });
const koa = new Koa();
koa.use(koaSession({ store }, koa));
void (async () => (await store.get('key', 1_000, { ctx: {} }))?.['cart']);

// What the application keeps in a session is what userIdOf sees.
void new HoldfastStore(sessions, { userIdOf: (data: { passport?: { user?: string } }) => data.passport?.user });
void new HoldfastStore<{ userId?: string }>(sessions, { userIdOf: (data) => data.userId });
// @ts-expect-error a user is a text
void new HoldfastStore<{ userId?: number }>(sessions, { userIdOf: (data) => data.userId });
// @ts-expect-error there is no such option
void new HoldfastStore(sessions, { ttl: 5 });

// Every store of express-session can be imported from.
void new HoldfastStore(sessions, { importFrom: redis });
void new HoldfastStore(sessions, { importFrom: new (connectPgSimple(session))({ conString: '' }) });
void new HoldfastStore(sessions, { importFrom: new session.MemoryStore() });
void new HoldfastStore(sessions, { importFrom: store });
