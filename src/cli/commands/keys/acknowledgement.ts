import type { SessionClient } from '../../../client/session-client.ts';
import type { KeyRing } from '../../../keys/ring/key-ring.ts';
import { waitForNodes, type Acknowledgement } from '../../../client/fleet.ts';
import type { Duration } from '../../../platform/duration.ts';
import { orInterrupted, withClient } from '../with-client.ts';
import type { Context } from '../command.ts';
import { asCliError, CliError } from '../../shell/exit.ts';

/** Waits, through the application's client, until every live node has a ring that was saved. */
export async function withNodes(context: Context, ring: KeyRing, timeout: Duration): Promise<Acknowledgement> {
  const { terminal } = context;
  if (terminal.isInteractive)
    terminal.say(`Ring version ${ring.version} is saved. Asking the fleet, for ${timeout} at most …`);
  return saying(ring, () => withClient(context, (sessions) => wait(context, ring, { sessions, timeout })));
}

/** Waits likewise with an open client. */
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

/** Adds to every error that the ring is saved. */
async function saying<T>(ring: KeyRing, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { exitCode, code, message } = asCliError(error);
    const state = `Ring version ${ring.version} is saved, but not known to be in use everywhere.`;
    throw new CliError(exitCode, code, `${state} ${message}`);
  }
}
