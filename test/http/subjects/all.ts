import type { Subject } from '../support/subject.ts';
import { express4, express5 } from './express.ts';
import { fastifyHttp1, fastifyHttp2 } from './fastify.ts';
import { hono } from './hono.ts';
import { koa } from './koa.ts';
import { nodeHttp } from './node-http.ts';
import { web } from './web.ts';

/** Every subject that starts fast. */
export const subjects: readonly Subject[] = [express5, express4, nodeHttp, fastifyHttp1, fastifyHttp2, koa, hono, web];
