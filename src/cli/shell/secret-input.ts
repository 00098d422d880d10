import { IMPORT_COOKIE_CHARS_MAX, SESSION_ID_CHARS } from '../../limits/http.ts';
import { USER_ID_BYTES_MAX } from '../../limits/session.ts';
import { isSessionId } from '../../session/session-id.ts';
import type { Context } from '../commands/command.ts';
import { usageError } from './exit.ts';

/** The value of `--user` that has the user id read from stdin, or asked for. */
const FROM_INPUT = '-';

/** Returns the user id of `--user`. Where that is `-`, reads it from stdin, or asks a person. */
export async function userOf(context: Context): Promise<string> {
  const given = context.args.required('user');
  const userId = given === FROM_INPUT ? await lineOf(context, 'User id: ', USER_ID_BYTES_MAX, false) : given;
  if (userId === '' || Buffer.byteLength(userId) > USER_ID_BYTES_MAX) {
    throw usageError(`The user id must have 1 to ${USER_ID_BYTES_MAX} bytes.`);
  }
  return userId;
}

/**
 * Reads a session id from stdin, or from a person without echo: it is never an argument, which others could see. Takes the value of
 * a cookie too, whose signature it does not check; `idFor` makes the id of a session of express-session.
 */
export async function sessionIdOf(context: Context): Promise<(idFor: (sid: string) => string) => string> {
  const text = decoded(
    await lineOf(context, 'Session id or cookie value (not shown): ', IMPORT_COOKIE_CHARS_MAX, true),
  );
  const id = text.charAt(SESSION_ID_CHARS) === '.' ? text.slice(0, SESSION_ID_CHARS) : text;
  if (isSessionId(id)) return () => id;
  const [, sid] = /^s:(.+)\.[^.]+$/s.exec(text) ?? [];
  if (sid !== undefined) return (idFor) => idFor(sid);
  throw usageError('This is neither a session id nor the value of a session cookie.');
}

/** Reads one line. A line break at its end is no part of it. */
async function lineOf({ terminal }: Context, question: string, bytesMax: number, hidden: boolean): Promise<string> {
  if (terminal.isInputPiped) return (await terminal.readInput(bytesMax + '\r\n'.length)).replace(/\r?\n$/, '');
  if (terminal.isInteractive) return terminal.ask(question, { hidden });
  throw usageError('Pipe it in: nobody can be asked.');
}

/** Browsers show the cookie of express-session with percent signs. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
