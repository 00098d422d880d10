import type { SessionClient } from '../../client/session-client.ts';
import type { KeyRing } from '../../keys/ring/key-ring.ts';
import { waitForNodes, type Acknowledgement } from '../../client/fleet.ts';
import type { Duration } from '../../platform/duration.ts';
import { orInterrupted, withClient } from './client-module.ts';
import type { Context } from './command.ts';
import { asCliError, CliError } from '../shell/exit.ts';

/** Waits until every live node has a ring that was saved, through the application's client. */
export async function withNodes(context: Context, ring: KeyRing, timeout: Duration): Promise<Acknowledgement> {
  const { terminal } = context;
  if (terminal.isInteractive)
    terminal.say(`Ring version ${ring.version} is saved. Asking the fleet, for ${timeout} at most …`);
  return saying(ring, () => withClient(context, (sessions) => wait(context, ring, { sessions, timeout })));
}

/** The same with a client that is open. */
export function acknowledgedBy(
  context: Context,
  ring: KeyRing,
  fleet: { readonly sessions: SessionClient; readonly timeout: Duration },
): Promise<Acknowledgement> {
  return saying(ring, () => wait(context, ring, fleet));
}

function wait(
  { signal }: Context,
  ring: KeyRing,
  fleet: { readonly sessions: SessionClient; readonly timeout: Duration },
): Promise<Acknowledgement> {
  return orInterrupted(signal, waitForNodes(ring, fleet));
}

/** Whatever goes wrong now, the ring is saved: that has to be said. */
async function saying<T>(ring: KeyRing, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { exitCode, code, message } = asCliError(error);
    const state = `Ring version ${ring.version} is saved, but not known to be in use everywhere.`;
    throw new CliError(exitCode, code, `${state} ${message}`);
  }
}
