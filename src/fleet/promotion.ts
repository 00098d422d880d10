import { ConfigurationError } from '../errors.ts';
import type { KeyRing } from '../keys/ring/key-ring.ts';
import type { KeyPurpose } from '../keys/ring/ring-key.ts';
import { withPromoted } from '../keys/ring/rotation.ts';
import { requireOptions } from '../option-checks.ts';
import { describe, type Duration } from '../platform/duration.ts';
import { systemPlatform, type Platform } from '../platform/platform.ts';
import { lackOf, waitForFleet } from './fleet.ts';
import type { MaintenanceTarget } from './target.ts';

/** The fleet is asked through a client of it that uses the ring … */
export interface AskingTheFleet {
  readonly sessions: MaintenanceTarget;
  /** How long to wait for nodes that lag behind; up to 1 h. @defaultValue 0 */
  readonly timeout?: Duration;
  readonly force?: boolean;
}

/** … or nobody is asked. */
export interface AskingNobody {
  readonly force: true;
  readonly sessions?: MaintenanceTarget | undefined;
}

export type PromoteKeyOptions = (AskingNobody | AskingTheFleet) & {
  /** Chooses among several pending keys. */
  readonly kid?: string;
  /** @defaultValue 'data', or the use of `kid` */
  readonly use?: KeyPurpose;
  /** @internal */
  readonly platform?: Platform;
};

/**
 * The second half of a rotation: a ring, one version higher, in which the pending key is active and the one before it
 * decrypt-only. Refuses, with a `KeyRingError` that says how many live nodes lack it, until every live node has the ring that
 * is given; `force` asks nobody, and then a node without the key cannot open what others seal until it has loaded the ring.
 * A ring in which `kid` is active already is returned as it is.
 */
export async function promoteKey(ring: KeyRing, options: PromoteKeyOptions): Promise<KeyRing> {
  const names = ['sessions', 'kid', 'use', 'force', 'timeout', 'platform'];
  const given = requireOptions('promoteKey options', options, names);
  const { kid, use, platform = systemPlatform } = given;
  const promoted = withPromoted(ring, { kid, use }, platform);
  if (promoted !== ring && given.force !== true) {
    const { sessions, timeout } = requireConsent('promoteKey', given);
    await waitForFleet(sessions, { ring, timeout, objectionTo: (fleet) => lackOf(ring, fleet) });
  }
  return promoted;
}

/** Callers without types may leave the client out. */
export function requireConsent(what: string, options: AskingTheFleet): Required<Omit<AskingTheFleet, 'force'>> {
  const { sessions, timeout = 0 } = options;
  const candidate: unknown = sessions;
  if (typeof candidate === 'object' && candidate !== null && '~use' in candidate) return { sessions, timeout };
  throw new ConfigurationError(`${what}: sessions: expected a SessionClient, but got ${describe(candidate)}.`);
}
