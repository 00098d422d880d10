import type { SessionClient } from '../../client/session-client.ts';
import { clientOf } from '../config/client.ts';
import type { Context } from './command.ts';

/**
 * Runs `work` with the application's own `SessionClient`, which is ready, and closed afterwards. While it is open, it
 * is a node of the fleet.
 */
export async function withClient<T>(context: Context, work: (sessions: SessionClient) => Promise<T>): Promise<T> {
  const sessions = await clientOf(context);
  try {
    await orInterrupted(context.signal, sessions.ready());
    return await work(sessions);
  } finally {
    await sessions.close();
  }
}

/** Stops waiting for work that cannot be stopped once the person interrupts it. */
export function orInterrupted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
