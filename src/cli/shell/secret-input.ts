import { USER_ID_BYTES_MAX } from '../../limits/session.ts';
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

/** Reads one line. A line break at its end is no part of it. */
async function lineOf({ terminal }: Context, question: string, bytesMax: number, hidden: boolean): Promise<string> {
  if (terminal.isInputPiped) return (await terminal.readInput(bytesMax + '\r\n'.length)).replace(/\r?\n$/, '');
  if (terminal.isInteractive) return terminal.ask(question, { hidden });
  throw usageError('Pipe it in: nobody can be asked.');
}
