import { ConfigurationError } from '../../errors.ts';
import {
  ABSOLUTE_LIFETIME_MS_DEFAULT,
  IDLE_LIFETIME_MS_DEFAULT,
  LIFETIME_MS_MAX,
  LIFETIME_MS_MIN,
} from '../../limits/session.ts';
import { requireOptions } from '../../option-checks.ts';
import { parseDuration, spell, type Duration } from '../../platform/duration.ts';
import type { NewLifetime } from '../write/record-changes.ts';

/** The lifetime of a session. It ends at the earlier of both (OWASP ASVS 5, 7.3.1 and 7.3.2). */
export interface Lifetime {
  /** Ends a session that nobody uses. From 100 ms to 366 days. @defaultValue '30m' */
  readonly idle?: Duration;
  /** Ends a session whatever happens. From 100 ms to 366 days, not shorter than `idle`. @defaultValue '12h' */
  readonly absolute?: Duration;
}

/** A lifetime, complete and valid, in milliseconds. */
export interface ResolvedLifetime {
  readonly idleMs: number;
  readonly absoluteMs: number;
  /** The longest absolute lifetime that a single session may be given. */
  readonly maxMs: number;
}

/** Returns the default lifetime of a client's sessions, and the longest one. */
export function resolveClientLifetime({
  lifetime,
  maxLifetime,
}: {
  readonly lifetime?: Lifetime;
  readonly maxLifetime?: Duration;
}): ResolvedLifetime {
  const resolved = resolveLifetime('lifetime', lifetime, LIFETIME_DEFAULT);
  const { absoluteMs } = resolved;
  const maxMs =
    maxLifetime === undefined ? absoluteMs : parseDuration('maxLifetime', maxLifetime, absoluteMs, LIFETIME_MS_MAX);
  return { ...resolved, maxMs };
}

const LIFETIME_DEFAULT: ResolvedLifetime = {
  idleMs: IDLE_LIFETIME_MS_DEFAULT,
  absoluteMs: ABSOLUTE_LIFETIME_MS_DEFAULT,
  maxMs: LIFETIME_MS_MAX,
};

/** The lifetime of one session: what is not given is taken from `defaults`. An absolute one alone also caps the idle one. */
export function resolveLifetime(
  option: string,
  lifetime: Lifetime | undefined,
  defaults: ResolvedLifetime,
): ResolvedLifetime {
  if (lifetime === undefined) return defaults;
  const { idle, absolute } = requireOptions(option, lifetime, ['idle', 'absolute']);
  const absoluteMs =
    absolute === undefined
      ? defaults.absoluteMs
      : parseDuration(`${option}.absolute`, absolute, LIFETIME_MS_MIN, LIFETIME_MS_MAX);
  const idleMs =
    idle === undefined
      ? Math.min(defaults.idleMs, absoluteMs)
      : parseDuration(`${option}.idle`, idle, LIFETIME_MS_MIN, LIFETIME_MS_MAX);
  requireAllowed(option, absoluteMs, defaults.maxMs);
  requireOrder(option, idleMs, absoluteMs, absolute === undefined);
  return { idleMs, absoluteMs, maxMs: defaults.maxMs };
}

/** A lifetime for a session that has one already: what is not given stays. */
export function resolveNewLifetime(option: string, lifetime: Lifetime, { maxMs }: ResolvedLifetime): NewLifetime {
  const { idle, absolute } = requireOptions(option, lifetime, ['idle', 'absolute']);
  const resolved = {
    ...(idle !== undefined && { idleMs: parseDuration(`${option}.idle`, idle, LIFETIME_MS_MIN, LIFETIME_MS_MAX) }),
    ...(absolute !== undefined && {
      absoluteMs: parseDuration(`${option}.absolute`, absolute, LIFETIME_MS_MIN, LIFETIME_MS_MAX),
    }),
  };
  const { idleMs = 0, absoluteMs } = resolved;
  if (absoluteMs !== undefined) {
    requireAllowed(option, absoluteMs, maxMs);
    requireOrder(option, idleMs, absoluteMs, false);
  }
  return resolved;
}

function requireAllowed(option: string, absoluteMs: number, maxMs: number): void {
  if (absoluteMs <= maxMs) return;
  throw new ConfigurationError(
    `${option}.absolute (${spell(absoluteMs)}) must not be longer than the client's maxLifetime, which is ${spell(maxMs)}; ` +
      'by default it is its lifetime.absolute.',
  );
}

function requireOrder(option: string, idleMs: number, absoluteMs: number, isDefault: boolean): void {
  if (idleMs <= absoluteMs) return;
  throw new ConfigurationError(
    `${option}.idle (${spell(idleMs)}) must not be longer than ${option}.absolute, which is ${spell(absoluteMs)}` +
      (isDefault ? ` unless it is given: give a longer ${option}.absolute as well.` : '.'),
  );
}
