import type { SessionClient } from '../../../client/session-client.ts';
import { KeyRing } from '../../../keys/ring/key-ring.ts';
import { withPromoted } from '../../../keys/ring/rotation.ts';
import { FLEET_WAIT_MS_MAX } from '../../../limits/fleet.ts';
import { promoteKey, retireKey } from '../../../client/fleet.ts';
import type { Duration } from '../../../platform/duration.ts';
import { acknowledgedBy } from './acknowledgement.ts';
import { requireClient } from '../../config/client.ts';
import { orInterrupted, withClient } from '../with-client.ts';
import type { Command, Context, Outcome } from '../command.ts';
import { refusing } from '../../shell/exit.ts';
import { chosenKid, confirm, keyWith } from '../../ring/key-choice.ts';
import { openerOf } from '../../ring/openers.ts';
import { FLEET_OPTIONS, PURPOSES, RING_OPTIONS } from '../../shell/options.ts';
import { changed, describeKey } from '../../ring/ring-document.ts';
import { ringPathOf, saveAgreed, type Changed } from '../../ring/ring-files.ts';

/** The consent to a change of the ring: of the fleet, through the application's client, or by force. */
type Consent =
  | { readonly sessions: SessionClient; readonly timeout: Duration; readonly force?: never }
  | { readonly force: true; readonly sessions?: never };

const FORCE = ' The fleet has to be asked; --force goes on without it.';

interface FleetChange {
  /**
   * Returns the kid of the key to change.
   * @throws {KeyRingError} this ring does not allow the change.
   */
  readonly kidOf: (ring: KeyRing) => string;
  readonly change: (ring: KeyRing, consent: Consent) => Promise<KeyRing>;
  /** The harm that the change may do if the fleet is not asked. */
  readonly consequence: string;
  readonly done: string;
}

/** The commands that change the ring once the fleet is ready for it. */
export const fleetCommands: readonly Command[] = [
  {
    name: 'keys promote',
    summary: 'Make a pending key the active one, the second half of a rotation',
    details: [
      'Waits until every live node has the ring, as the client of --client learns from the database;',
      'then saves the next one, and waits until every live node has that. Run it where nodes load --ring.',
    ],
    options: [...RING_OPTIONS, ...FLEET_OPTIONS, 'kid', 'use'],
    run(context) {
      const use = context.args.oneOf('use', PURPOSES);
      const choiceIn = (ring: KeyRing) => ({
        ...(context.args.text('kid') !== undefined && { kid: chosenKid(ring, context) }),
        ...(use !== undefined && { use }),
      });
      return changeByFleet(context, {
        kidOf: (ring) => promotedIn(ring, withPromoted(ring, choiceIn(ring), context.platform)),
        change: (ring, consent) => promoteKey(ring, { ...consent, ...choiceIn(ring), platform: context.platform }),
        consequence: 'Nodes that lack this key will not be able to open what others seal with it.',
        done: 'Promoted',
      });
    },
  },
  {
    name: 'keys retire',
    summary: 'End the use of a decrypt-only key that seals nothing any more',
    details: [
      'Waits until every live node has used the ring for 20 s, then counts the sessions under the key:',
      'there must be none. The client of --client is such a node itself, so 20 s are the least.',
    ],
    options: [...RING_OPTIONS, ...FLEET_OPTIONS, 'kid'],
    run(context) {
      const kidOf = (ring: KeyRing): string => chosenKid(ring, context);
      return changeByFleet(context, {
        kidOf,
        change: (ring, consent) => retireKey(ring, { ...consent, kid: kidOf(ring) }),
        consequence:
          'Sessions that this key still seals will be unreadable; sessions that it indexes will not be found by user.',
        done: 'Retired',
      });
    },
  },
];

async function changeByFleet(context: Context, { kidOf, change, consequence, done }: FleetChange): Promise<Outcome> {
  const { args, terminal } = context;
  const timeout = args.duration('timeout', FLEET_WAIT_MS_MAX) ?? '1m';
  const path = ringPathOf(context);
  if (!args.flag('force')) requireClient(context.settings, FORCE);
  const opener = await openerOf(context);
  const present = await KeyRing.open(path, opener);
  const kid = await refusing(() => kidOf(present));
  // Tried first, so that nobody is asked about a change that is refused, or done already.
  const forced = await refusing(() => change(present, { force: true }));
  if (forced === present) return changed(present, present, '');
  const save = (ring: KeyRing): Promise<Changed> => saveAgreed(path, opener, { before: present, ring });
  let saved: Changed;
  if (args.flag('force')) {
    await confirm(context, kid, consequence);
    saved = await save(forced);
  } else {
    saved = await withClient(context, async (sessions) => {
      if (terminal.isInteractive) terminal.say(`Asking the fleet, for ${timeout} at most …`);
      const agreed = await refusing(() => orInterrupted(context.signal, change(present, { sessions, timeout })));
      const next = await save(agreed);
      await acknowledgedBy(context, next.ring, { sessions, timeout });
      return next;
    });
  }
  const key = keyWith(saved.ring, kid);
  return changed(saved.ring, saved.before, key === undefined ? '' : `${done} the ${describeKey(key)}.`);
}

/** Returns the key that became active; any key if nothing changed. */
function promotedIn(before: KeyRing, after: KeyRing): string {
  const isActive = ({ kid, state }: { readonly kid: string; readonly state: string }): boolean =>
    state === 'active' && keyWith(before, kid)?.state !== 'active';
  return after.keys().find(isActive)?.kid ?? after.sealingKey.kid;
}
