import type { Lifetime } from '../client/options/lifetime-options.ts';
import type { SessionSummary } from '../client/session.ts';
import { ConfigurationError } from '../errors.ts';
import { FRESH_LOGIN_MS_DEFAULT } from '../limits/http.ts';
import { LIFETIME_MS_MAX, LIFETIME_MS_MIN } from '../limits/session.ts';
import { requireOptions } from '../option-checks.ts';
import { parseDuration, spell } from '../platform/duration.ts';

/** An authenticator assurance level of NIST SP 800-63B-4. */
export type AssuranceLevel = 'aal1' | 'aal2' | 'aal3';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The longest that a session may live before its user has to authenticate again, and `requireFresh`'s default. */
interface Policy {
  readonly idleMs: number;
  readonly absoluteMs: number;
  readonly freshMs: number;
}

/**
 * NIST SP 800-63B-4 §2.1.3, §2.2.3 and §2.3.3. It sets no idle limit at AAL1. Neither it nor OWASP ASVS 5.0 (7.5.1, 7.5.3, which ask for
 * re-authentication before sensitive changes) says how old a login may be there: `freshMs` is this library's choice.
 */
const POLICIES: Readonly<Record<AssuranceLevel, Policy>> = {
  aal1: { idleMs: Infinity, absoluteMs: 30 * 24 * HOUR_MS, freshMs: FRESH_LOGIN_MS_DEFAULT },
  aal2: { idleMs: HOUR_MS, absoluteMs: 24 * HOUR_MS, freshMs: FRESH_LOGIN_MS_DEFAULT },
  aal3: { idleMs: 15 * MINUTE_MS, absoluteMs: 12 * HOUR_MS, freshMs: 5 * MINUTE_MS },
};
const NO_POLICY: Policy = { idleMs: Infinity, absoluteMs: Infinity, freshMs: FRESH_LOGIN_MS_DEFAULT };

interface GivenLifetime {
  readonly idle?: number;
  readonly absolute?: number;
}

/** The lifetimes of sessions that requests begin: the client's, cut to what the policy allows. */
export class LifetimePolicy {
  /** The age of a login that `requireFresh` accepts, in milliseconds. */
  readonly freshMs: number;
  readonly #policy: Policy;
  readonly #default: { readonly idle: number; readonly absolute: number };

  constructor(level: AssuranceLevel | undefined, client: { readonly idle: number; readonly absolute: number }) {
    this.#policy = level === undefined ? NO_POLICY : requirePolicy(level);
    this.freshMs = this.#policy.freshMs;
    const absolute = Math.min(client.absolute, this.#policy.absoluteMs);
    this.#default = { absolute, idle: Math.min(client.idle, this.#policy.idleMs, absolute) };
  }

  /**
   * Returns the lifetime of a new session or of a new login.
   * @throws {ConfigurationError} it is longer than the policy allows.
   */
  forNew(lifetime: Lifetime | undefined): Lifetime {
    if (lifetime === undefined) return this.#default;
    const { idle, absolute } = this.forChange(lifetime);
    const absoluteMs = absolute ?? this.#default.absolute;
    return { absolute: absoluteMs, idle: idle ?? Math.min(this.#default.idle, absoluteMs) };
  }

  /**
   * Returns a new lifetime of a living session. Its `absolute` counts from now, but the policy counts from the login:
   * `absolute` is cut to the rest, and left out where there is none. The first parameter is a result of `forChange`.
   */
  sinceLogin(
    { idle, absolute = Infinity }: GivenLifetime,
    session: Pick<SessionSummary, 'authenticatedAt' | 'createdAt'>,
    now: number,
  ): Lifetime {
    const leftMs = (session.authenticatedAt ?? session.createdAt).getTime() + this.#policy.absoluteMs - now;
    const absoluteMs = Math.min(absolute, leftMs);
    if (absolute === Infinity || absoluteMs < LIFETIME_MS_MIN) return idle === undefined ? {} : { idle };
    return { absolute: absoluteMs, ...(idle !== undefined && { idle: Math.min(idle, absoluteMs) }) };
  }

  /**
   * Returns the given parts of a lifetime, in milliseconds.
   * @throws {ConfigurationError} as in `forNew`.
   */
  forChange(lifetime: Lifetime): GivenLifetime {
    const { idle, absolute } = requireOptions('lifetime', lifetime, ['idle', 'absolute']);
    return {
      ...(idle !== undefined && { idle: allowed('lifetime.idle', idle, this.#policy.idleMs) }),
      ...(absolute !== undefined && { absolute: allowed('lifetime.absolute', absolute, this.#policy.absoluteMs) }),
    };
  }
}

function requirePolicy(level: AssuranceLevel): Policy {
  if (Object.hasOwn(POLICIES, level)) return POLICIES[level];
  throw new ConfigurationError("policy: expected 'aal1', 'aal2' or 'aal3'.");
}

function allowed(option: string, value: unknown, maxMs: number): number {
  const ms = parseDuration(option, value, LIFETIME_MS_MIN, LIFETIME_MS_MAX);
  if (ms <= maxMs) return ms;
  throw new ConfigurationError(
    `${option} (${spell(ms)}) must not be longer than the policy allows, which is ${spell(maxMs)}.`,
  );
}
