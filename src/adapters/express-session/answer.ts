import { answerable } from '../../http/error-answer.ts';
import { RETRY_AFTER_MS_DEFAULT } from '../../limits/http.ts';

export type Callback = (error?: unknown) => void;
export type ValueCallback<V> = (error: unknown, value?: V) => void;

const RETRY_AFTER_SECONDS = Math.ceil(RETRY_AFTER_MS_DEFAULT / 1_000);

/** Calls back exactly once, outside of the promise: an error that a callback throws must not make it run again. */
export function answer<V>(result: Promise<V>, callback: ValueCallback<V>): void {
  const call: ValueCallback<V> = (error, value) => {
    try {
      callback(error, value);
    } catch (thrown) {
      if (!isSecondResponse(thrown)) throw thrown;
      warnOfSecondResponse();
    }
  };
  result.then(
    (value) => process.nextTick(call, null, value),
    (error: unknown) => process.nextTick(call, answerable(error, RETRY_AFTER_SECONDS)),
  );
}

export function promised<V>(result: Promise<V>): Promise<V> {
  return result.catch((error: unknown) => {
    throw answerable(error, RETRY_AFTER_SECONDS);
  });
}

/**
 * Returns true if a callback has tried to respond to a request that has its response. Fastify does so after an async
 * handler that does not return its reply, if the store is asynchronous. The browser has the first response, so the
 * process must not end.
 */
function isSecondResponse(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_HTTP_HEADERS_SENT';
}

let hasWarned = false;

function warnOfSecondResponse(): void {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(
    'HoldfastStore: a request was answered a second time after its session had been stored, which had no effect. ' +
      'An async handler or hook of Fastify has to return its reply: return reply.send(…).',
    { type: 'HoldfastWarning', code: 'HOLDFAST_ANSWERED_TWICE' },
  );
}
