import { TierFailure } from '../../../errors.ts';
import { adviceFor } from '../advice.ts';

/** The reason of a Sentinel that watches no master of that name. */
export const UNKNOWN_NAME = 'name';

/** The advice that differs from that for a server that holds sessions. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  [
    'NOPERM',
    'the user lacks a grant at the Sentinels: grant +sentinel|master and +sentinel|get-master-addr-by-name there (`sentinel.username` is not `username`)',
  ],
  [
    'WRONGPASS',
    '`sentinel.username` or `sentinel.password` is wrong, or the user is switched off: the Sentinels have users of their own (ACL LIST at each)',
  ],
  ['NOAUTH', 'the Sentinels ask for a user: give `sentinel.username` and `sentinel.password`'],
  ['auth', 'the Sentinels ask for no password: leave out `sentinel.password`, or set up a user there'],
  [
    UNKNOWN_NAME,
    'no Sentinel that answered watches a master of the name in `sentinel.name`: compare it with "sentinel monitor" in their configuration',
  ],
  [
    'unknown-command',
    '`sentinel.nodes` leads to a server that is no Sentinel: give the addresses of the Sentinels, port 26379 mostly; or give `url` in place of `sentinel`',
  ],
]);

/** Distinguishes what is wrong at a Sentinel from what is wrong at the server that holds the sessions: the reason begins with `sentinel-`. */
export function sentinelFailure({ kind, reason }: TierFailure): TierFailure {
  return new TierFailure(kind, `sentinel-${reason}`, ADVICE.get(reason) ?? adviceAtSentinel(reason));
}

/** Returns the advice for a server, with the names of the options that concern the Sentinels. */
function adviceAtSentinel(reason: string): string | undefined {
  const advice = adviceFor(reason)
    ?.replaceAll('`url`', '`sentinel.nodes`')
    .replaceAll(/`(?=(?:credentials|password|tls|username)\b)/g, '`sentinel.');
  return advice === undefined ? undefined : `at the Sentinels: ${advice}`;
}

/** Says of the server's address where it comes from. */
export function masterFailure({ kind, reason, advice }: TierFailure): TierFailure {
  return new TierFailure(kind, reason, advice?.replaceAll('`url`', 'the address that the Sentinels name'));
}
