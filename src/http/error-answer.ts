import { isHoldfastError } from '../errors.ts';

const TEXTS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  409: 'Conflict',
  503: 'Service Unavailable',
};

/**
 * Adds to an error of the library what frameworks read to answer it: `status`, `statusCode` and `headers`
 * (finalhandler, Fastify, Koa) and `getResponse` (Hono). None is enumerable, so that logs stay as they were. Other
 * errors are returned unchanged. A 500 has no `getResponse`: Hono would answer with it and not log the application's
 * mistake.
 */
export function answerable(error: unknown, retryAfterSeconds: number): unknown {
  if (!isHoldfastError(error) || Object.hasOwn(error, 'statusCode')) return error;
  const { status } = error;
  const headers: Record<string, string> = { 'cache-control': 'no-store' };
  if (status === 503) headers['retry-after'] = String(retryAfterSeconds);
  const properties = {
    status,
    statusCode: status,
    headers,
    // True if a framework may show the message to the browser.
    expose: status < 500,
    ...(status !== 500 && { getResponse: () => new Response(TEXTS[status] ?? null, { status, headers }) }),
  };
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(error, name, { value, configurable: true, writable: true, enumerable: false });
  }
  return error;
}

/**
 * Returns null for a revoked key, or a deadline beyond the limit: the session is over, and its user has to sign in
 * again.
 */
export function nullIfOver(error: unknown): null {
  if (isHoldfastError(error) && error.code === 'HOLDFAST_ENVELOPE' && error.status === 401) return null;
  throw error;
}
