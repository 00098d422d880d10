import { KeyRing } from '../../../keys/ring/key-ring.ts';
import { replaceKey, revokeKey } from '../../../keys/ring/rotation.ts';
import { FLEET_WAIT_MS_MAX } from '../../../limits/fleet.ts';
import type { Acknowledgement } from '../../../client/fleet.ts';
import { spellNodes } from '../../../fleet/fleet.ts';
import { requireClient } from '../../config/client.ts';
import { withNodes } from './acknowledgement.ts';
import type { Command, Context, Outcome } from '../command.ts';
import { refusing } from '../../shell/exit.ts';
import { chosenKid, confirm, keyWith } from '../../ring/key-choice.ts';
import { openerOf } from '../../ring/openers.ts';
import { FLEET_OPTIONS, RING_OPTIONS, SUITES } from '../../shell/options.ts';
import { changed, describeKey } from '../../ring/ring-document.ts';
import { changeRing, ringPathOf } from '../../ring/ring-files.ts';

interface Revocation {
  readonly change: (ring: KeyRing, kid: string) => KeyRing | Promise<KeyRing>;
  readonly consequence: string;
  readonly done: string;
}

const WAITS = [
  'Saves the ring, then waits until every live node has it. Names the nodes that lag; run it again.',
  'Sessions that the key has ever sealed cannot be read any more: "keys reencrypt" can end them.',
] as const;

/** The commands for a key that may be in other hands: they save the ring first, then wait for the fleet. */
export const revocationCommands: readonly Command[] = [
  {
    name: 'keys replace',
    summary: 'Revoke an active key and activate a fresh one at once, for one that leaked',
    details: WAITS,
    options: [...RING_OPTIONS, ...FLEET_OPTIONS, 'kid', 'suite'],
    run(context) {
      const suite = context.args.oneOf('suite', SUITES);
      return revoke(context, {
        change: (ring, kid) => replaceKey(ring, { kid, ...(suite && { suite }) }),
        consequence: 'Every session that this key has ever sealed will be refused by every node.',
        done: 'Replaced',
      });
    },
  },
  {
    name: 'keys revoke',
    summary: 'Refuse a key that is not active at once, for one that leaked',
    details: WAITS,
    options: [...RING_OPTIONS, ...FLEET_OPTIONS, 'kid', 'removed'],
    run: (context) =>
      revoke(context, {
        change: (ring, kid) => revokeKey(ring, { kid, removed: context.args.flag('removed') }),
        consequence: 'Every session that this key has ever sealed will be refused by every node.',
        done: 'Revoked',
      }),
  },
];

async function revoke(context: Context, { change, consequence, done }: Revocation): Promise<Outcome> {
  const { args } = context;
  const timeout = args.duration('timeout', FLEET_WAIT_MS_MAX) ?? '1m';
  const path = ringPathOf(context);
  const isForced = args.flag('force');
  if (!isForced)
    requireClient(context.settings, ' The fleet has to be asked whether it has the ring; --force does not ask.');
  const opener = await openerOf(context);
  const present = await KeyRing.open(path, opener);
  const kid = chosenKid(present, context);
  // Tried first, so that nobody is asked about a change that is refused, or done already.
  const isToDo = (await refusing(() => change(present, kid))) !== present;
  if (isToDo) await confirm(context, kid, consequence);
  const { before, ring } = await changeRing(path, opener, (current) => change(current, kid));
  const nodes = isForced ? undefined : await withNodes(context, ring, timeout);
  const key = keyWith(before, kid);
  const outcome = changed(ring, before, `${done} the ${key === undefined ? `key ${kid}` : describeKey(key)}.`);
  return {
    ...outcome,
    document: { ...outcome.document, acknowledged: nodes !== undefined, silent: nodes?.silent ?? [] },
    text: outcome.text + (nodes === undefined ? '' : textOf(nodes)),
  };
}

function textOf({ silent }: Acknowledgement): string {
  const everyone = ' Every live node has it.';
  if (silent.length === 0) return everyone;
  return `${everyone}\nSilent for more than a minute, and without it if they still run: ${spellNodes(silent)}. Stop them.`;
}
