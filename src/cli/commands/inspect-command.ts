import { requireEngine } from '../../client/engine-of.ts';
import type { Engine } from '../../engine/engine.ts';
import { sessionIdFor, storageKeyOf } from '../../session/session-id.ts';
import { requireClient } from '../config/client.ts';
import { findAnywhere, findOfUser } from '../inspect/find-session.ts';
import { reportOn } from '../inspect/session-report.ts';
import { textOfSession } from '../inspect/session-text.ts';
import { EXIT, usageError } from '../shell/exit.ts';
import { sessionIdOf, userOf } from '../shell/secret-input.ts';
import { orInterrupted, withClient } from './with-client.ts';
import type { Command, Context, Outcome } from './command.ts';

export const inspectCommand: Command = {
  name: 'inspect',
  summary: 'Show what Redis and the database have of a session, and which keys sealed it',
  details: [
    'Reads the session id, or the value of its cookie, from stdin, or asks for it without echo.',
    'Or give --handle, and --user where the user is known: without, every row is looked at.',
    'Changes nothing, and is no activity. Shows no id, no data, no user id and no label.',
    'Ends with 1 if there is no such session.',
  ],
  options: ['client', 'handle', 'user'],
  async run(context) {
    const { args, signal } = context;
    requireClient(context.settings);
    const find = args.text('handle') === undefined ? await byId(context) : await byHandle(context);
    return withClient(context, async (sessions) => {
      const engine = requireEngine('inspect', sessions);
      const storageKey = await orInterrupted(signal, find(engine, sessions.namespace));
      if (storageKey === undefined) return NOT_FOUND;
      const report = await orInterrupted(
        signal,
        engine.use((parts) => reportOn(parts, storageKey)),
      );
      return {
        document: report,
        text: textOfSession(report, context.terminal),
        exitCode: report.found ? EXIT.done : EXIT.failed,
      };
    });
  },
};

type Find = (engine: Engine, namespace: string) => Promise<Buffer | undefined>;

const NOT_FOUND: Outcome = {
  document: { found: false },
  text: 'No row has this handle: the session has ended, or never was.',
  exitCode: EXIT.failed,
};

async function byId(context: Context): Promise<Find> {
  if (context.args.text('user') !== undefined) throw usageError('--user goes with --handle.');
  const idIn = await sessionIdOf(context);
  return async (_, namespace) => storageKeyOf(idIn((sid) => sessionIdFor(namespace, sid)));
}

async function byHandle(context: Context): Promise<Find> {
  const handle = context.args.required('handle');
  if (context.args.text('user') === undefined) return (engine) => findAnywhere(engine, handle, context);
  const userId = await userOf(context);
  return (engine) => findOfUser(engine, userId, handle);
}
