import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import {
  EnvelopeError,
  LoginRequiredError,
  PayloadError,
  SessionMovedError,
  TierUnavailableError,
} from '../../../src/errors.ts';
import { answerable } from '../../../src/http/error-answer.ts';

type Answerable = Error & {
  status: number;
  statusCode: number;
  expose: boolean;
  headers: Record<string, string>;
  getResponse(): Response;
};
const given = (error: Error, seconds = 2): Answerable => answerable(error, seconds) as Answerable;

describe('an error as frameworks read it', () => {
  it.each([
    [new TierUnavailableError('durable', 'deadline'), 503, 'Service Unavailable', false],
    [new SessionMovedError(), 409, 'Conflict', true],
    [new LoginRequiredError('stale'), 401, 'Unauthorized', true],
  ])('%s is a %i', async (error, status, text, expose) => {
    const answer = given(error);
    expect(answer).toBe(error);
    expect(answer).toMatchObject({ status, statusCode: status, expose });
    const response = answer.getResponse();
    expect(response.status).toBe(status);
    expect(await response.text()).toBe(text);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('has no response where the application is at fault: Hono would print nothing of it', () => {
    const answer = given(new PayloadError('too large'));
    expect(answer).toMatchObject({
      status: 500,
      statusCode: 500,
      expose: false,
      headers: { 'cache-control': 'no-store' },
    });
    expect(answer).not.toHaveProperty('getResponse');
  });

  it('says when to come back, during an outage only', () => {
    expect(given(new TierUnavailableError('durable', 'x'), 7).headers['retry-after']).toBe('7');
    expect(given(new TierUnavailableError('durable', 'x'), 7).getResponse().headers.get('retry-after')).toBe('7');
    expect(given(new SessionMovedError()).headers).not.toHaveProperty('retry-after');
  });

  it('shows nothing of that in logs, and is made once', () => {
    const plain = inspect(Object.keys(new TierUnavailableError('durable', 'x')));
    const answer = given(new TierUnavailableError('durable', 'x'), 7);
    expect(inspect(Object.keys(answer))).toBe(plain);
    expect(given(answer, 9).headers['retry-after']).toBe('7');
  });

  it('is left alone where it is not of the library', () => {
    const error = new RangeError('boom');
    expect(answerable(error, 2)).toBe(error);
    expect(Object.getOwnPropertyNames(error).toSorted()).toEqual(['message', 'stack']);
    expect(answerable('text', 2)).toBe('text');
    expect(answerable(undefined, 2)).toBeUndefined();
  });
});

describe('an error that no request session has seen', () => {
  async function statusOf(listener: RequestListener): Promise<number> {
    const server = createServer(listener);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    try {
      return (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).status;
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it.each([
    [() => new TierUnavailableError('durable', 'deadline'), 503],
    [() => new EnvelopeError('revoked-key'), 401],
  ])('still has its status in Express, Fastify and Koa: %#', async (error, status) => {
    const app = express();
    app.set('env', 'test');
    app.get('/', async () => {
      throw error();
    });
    expect(await statusOf(app)).toBe(status);
    const koa = new Koa({ env: 'test' });
    koa.silent = true;
    koa.use(async () => {
      throw error();
    });
    const callback = koa.callback();
    expect(await statusOf((request, response) => void callback(request, response))).toBe(status);
    const server = fastify();
    server.get('/', async () => {
      throw error();
    });
    expect((await server.inject('/')).statusCode).toBe(status);
  });
});
