import type { SessionClient } from '../../client/session-client.ts';
import { requireClient } from '../config/client.ts';
import { confirmBy } from '../ring/key-choice.ts';
import { CliError, EXIT, usageError } from '../shell/exit.ts';
import { userOf } from '../shell/secret-input.ts';
import { orInterrupted, withClient } from './with-client.ts';
import type { Command, Context, Outcome } from './command.ts';

export const revokeCommand: Command = {
  name: 'revoke',
  summary: 'End the sessions of a user, one of them, or every session',
  details: [
    'A session that was ended does not come back: the command waits until the database has all of it.',
    'If it fails, some sessions may have ended: run it again.',
    '--all is for stores that an attacker may have written to: everybody has to sign in again.',
    'It needs no key, so it also ends sessions that no ring opens any more.',
  ],
  options: ['client', 'user', 'handle', 'all', 'yes'],
  async run(context) {
    const { args, signal } = context;
    requireClient(context.settings);
    const handle = args.text('handle');
    if (args.flag('all') === (args.text('user') !== undefined)) throw usageError('Give either --user or --all.');
    if (handle !== undefined && args.flag('all')) throw usageError('--handle goes with --user.');
    const end = args.flag('all') ? await endingAll(context) : await endingOf(context, handle);
    const destroyed = await withClient(context, (sessions) => orInterrupted(signal, end(sessions))).catch(sayHowFar);
    return outcomeOf(destroyed);
  },
};

type Ending = (sessions: SessionClient) => Promise<number>;

async function endingAll(context: Context): Promise<Ending> {
  await confirmBy(context, 'everybody', 'Everybody will have to sign in again.');
  return (sessions) => sessions.destroyAll({ by: 'operator' });
}

async function endingOf(context: Context, handle: string | undefined): Promise<Ending> {
  const userId = await userOf(context);
  return (sessions) =>
    handle === undefined
      ? sessions.destroyByUser(userId, { by: 'operator' })
      : sessions.destroyByHandle(userId, [handle], { by: 'operator' });
}

function outcomeOf(destroyed: number): Outcome {
  return { document: { destroyed }, text: `${destroyed} ${destroyed === 1 ? 'session' : 'sessions'} ended.` };
}

/** Adds to an interruption that what was sent is not taken back. */
function sayHowFar(error: unknown): never {
  if (!(error instanceof CliError) || error.exitCode !== EXIT.interrupted) throw error;
  throw new CliError(error.exitCode, error.code, 'Interrupted: some of the sessions may have ended. Run it again.');
}
