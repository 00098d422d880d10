import {
  REVOKED_RETENTION_MS_DEFAULT,
  REVOKED_RETENTION_MS_MAX,
  REVOKED_RETENTION_MS_MIN,
  SWEEP_EVERY_MS_DEFAULT,
  SWEEP_EVERY_MS_MAX,
  SWEEP_EVERY_MS_MIN,
} from '../../limits/upkeep.ts';
import { requireOptions } from '../../option-checks.ts';
import { parseDuration, type Duration } from '../../platform/duration.ts';
import type { SweepPlan } from '../../upkeep/sweeper.ts';

/** The background sweep of a client. */
export interface SweepOptions {
  /** The interval at which the fleet looks for rows to delete. From 1 min to 24 h. @defaultValue '10m' */
  readonly every?: Duration;
  /**
   * The time for which the rows of destroyed sessions are kept, without their data. From 15 min to 366 days.
   * @defaultValue '24h'
   */
  readonly revokedRetention?: Duration;
}

/** Null where sweeping is switched off. Throws `ConfigurationError`. */
export function resolveSweep(sweep: false | SweepOptions): SweepPlan | null {
  if (sweep === false) return null;
  const given = requireOptions('sweep', sweep, ['every', 'revokedRetention']);
  const { every = SWEEP_EVERY_MS_DEFAULT, revokedRetention } = given;
  return {
    everyMs: parseDuration('sweep.every', every, SWEEP_EVERY_MS_MIN, SWEEP_EVERY_MS_MAX),
    revokedRetentionMs: resolveRevokedRetention('sweep.revokedRetention', revokedRetention),
  };
}

/** Returns the retention in milliseconds. Throws `ConfigurationError` that names the option. */
export function resolveRevokedRetention(option: string, retention: Duration | undefined): number {
  const given = retention ?? REVOKED_RETENTION_MS_DEFAULT;
  return parseDuration(option, given, REVOKED_RETENTION_MS_MIN, REVOKED_RETENTION_MS_MAX);
}
