import type { KeyRing } from '../../keys/ring/key-ring.ts';
import type { KeyInfo } from '../../keys/ring/ring-key.ts';
import { KID_SHOWN_CHARS } from '../../limits/cli.ts';
import type { Context } from '../commands/command.ts';
import { refusal, usageError } from '../shell/exit.ts';
import { shortKid } from './ring-document.ts';

const KID_CHARS = 43;

/** Returns the kid that `--kid` begins. A whole kid is returned even if the ring does not have it. */
export function chosenKid(ring: KeyRing, { args }: Context): string {
  const given = args.required('kid');
  if (!/^[\w-]{8,43}$/.test(given)) {
    throw usageError(`--kid must be the kid of a key, or its first ${KID_SHOWN_CHARS} characters or more.`);
  }
  if (given.length === KID_CHARS) return given;
  const [kid, other] = ring
    .keys()
    .map((key) => key.kid)
    .filter((each) => each.startsWith(given));
  if (kid === undefined) throw refusal('The key ring has no key whose kid begins like this.');
  if (other !== undefined) throw refusal('The key ring has several keys whose kid begins like this: give more of it.');
  return kid;
}

export function keyWith(ring: KeyRing, kid: string): KeyInfo | undefined {
  return ring.keys().find((key) => key.kid === kid);
}

/** Asks a person to type the beginning of the kid before a change that cannot be undone, unless --yes is given. */
export function confirm(context: Context, kid: string, consequence: string): Promise<void> {
  return confirmBy(context, shortKid(kid), consequence);
}

/** Asks a person to type the word before a change that cannot be undone, unless --yes is given. */
export async function confirmBy({ args, terminal }: Context, word: string, consequence: string): Promise<void> {
  if (args.flag('yes')) return;
  if (!terminal.isInteractive) throw refusal(`${consequence} Give --yes to confirm it where nobody can be asked.`);
  terminal.say(consequence);
  const typed = await terminal.ask(`Type ${word} to go on: `, { hidden: false });
  if (typed.trim() !== word) throw refusal('Not confirmed. Nothing was changed.');
}
