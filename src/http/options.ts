import { requireClient } from './require-client.ts';
import type { SessionClient } from '../client/session-client.ts';
import { ConfigurationError } from '../errors.ts';
import { RETRY_AFTER_MS_DEFAULT, RETRY_AFTER_MS_MAX, SESSIONS_PER_USER_MAX } from '../limits/http.ts';
import { requireInteger, requireOptions } from '../option-checks.ts';
import { parseDuration, type Duration } from '../platform/duration.ts';
import { resolveImport, type ImportOptions, type ResolvedImport } from './import/import-options.ts';
import { LifetimePolicy, type AssuranceLevel } from './policy.ts';

export interface CookieOptions {
  /** @defaultValue '__Host-sid', or 'sid' with `insecure` */
  readonly name?: string;
  /** `none` only where pages of other sites embed the application. @defaultValue 'lax' */
  readonly sameSite?: 'lax' | 'none' | 'strict';
  /** Keeps a separate cookie per embedding site (CHIPS); for `sameSite: 'none'`. @defaultValue false */
  readonly partitioned?: boolean;
  /**
   * True if the browser keeps the cookie when it is closed, until the session's absolute deadline. @defaultValue false
   */
  readonly persist?: boolean;
  /**
   * Leaves `Secure` and the `__Host-` prefix out, for development over plain HTTP in a browser that refuses `Secure` cookies even
   * on localhost (Safari). Refused where NODE_ENV is `production`. @defaultValue false
   */
  readonly insecure?: boolean;
}

export interface HttpSessionOptions<Input> {
  /** Returns the data of a new session; called once for each. */
  readonly initial: () => Input;
  readonly cookie?: CookieOptions;
  /**
   * Caps the lifetime of sessions that requests begin, as NIST SP 800-63B-4 asks for at this assurance level: `aal1` 30 d in all;
   * `aal2` 24 h in all, 1 h idle; `aal3` 12 h in all, 15 min idle. A shorter lifetime of the client stays. Also sets the default of
   * `requireFresh`, which is this library's choice. @defaultValue no cap
   */
  readonly policy?: AssuranceLevel;
  /**
   * The sessions that a user may have, 1 to 1 000. A login ends those above the limit, the oldest login first.
   * @defaultValue no limit
   */
  readonly maxSessionsPerUser?: number;
  /** The `Retry-After` of an outage. From 1 s to 1 h. @defaultValue '2s' */
  readonly retryAfter?: Duration;
  /** Imports the sessions of express-session or @fastify/session, without a logout. @defaultValue none */
  readonly importFrom?: ImportOptions<Input>;
}

export interface ResolvedCookie {
  readonly name: string;
  readonly sameSite: 'lax' | 'none' | 'strict';
  readonly secure: boolean;
  readonly partitioned: boolean;
  readonly persist: boolean;
}

export interface ResolvedHttpOptions<Input> {
  readonly initial: () => Input;
  readonly cookie: ResolvedCookie;
  readonly policy: LifetimePolicy;
  readonly maxSessionsPerUser: number | undefined;
  readonly retryAfterSeconds: number;
  readonly importFrom: ResolvedImport<Input> | undefined;
}

/**
 * Resolves the options.
 * @throws {ConfigurationError} an option is wrong.
 */
export function resolveHttpOptions<T, Input>(
  sessions: SessionClient<T, Input>,
  options: HttpSessionOptions<Input>,
): ResolvedHttpOptions<Input> {
  requireClient(sessions);
  const {
    initial,
    cookie = {},
    policy,
    maxSessionsPerUser,
    retryAfter = RETRY_AFTER_MS_DEFAULT,
    importFrom,
  } = requireOptions('http options', options, HTTP_NAMES);
  if (typeof initial !== 'function') {
    throw new ConfigurationError('initial: expected a function that returns the data of a new session.');
  }
  if (maxSessionsPerUser !== undefined)
    requireInteger('maxSessionsPerUser', maxSessionsPerUser, 1, SESSIONS_PER_USER_MAX);
  const ourCookie = resolveCookie(cookie);
  return {
    initial,
    cookie: ourCookie,
    policy: new LifetimePolicy(policy, sessions.lifetime),
    maxSessionsPerUser,
    retryAfterSeconds: Math.ceil(parseDuration('retryAfter', retryAfter, 1_000, RETRY_AFTER_MS_MAX) / 1_000),
    importFrom:
      importFrom === undefined
        ? undefined
        : resolveImport(importFrom, { cookie: ourCookie.name, namespace: sessions.namespace }),
  };
}

const HTTP_NAMES = [
  'initial',
  'cookie',
  'policy',
  'maxSessionsPerUser',
  'retryAfter',
  'importFrom',
] as const satisfies readonly (keyof HttpSessionOptions<unknown>)[];
const COOKIE_NAMES = [
  'name',
  'sameSite',
  'partitioned',
  'persist',
  'insecure',
] as const satisfies readonly (keyof CookieOptions)[];

function resolveCookie(options: CookieOptions): ResolvedCookie {
  const given = requireOptions('cookie', options, COOKIE_NAMES);
  const { insecure = false, sameSite = 'lax', partitioned = false, persist = false } = given;
  const { name = insecure ? 'sid' : '__Host-sid' } = given;
  for (const [option, value] of Object.entries({ insecure, partitioned, persist })) {
    if (typeof value !== 'boolean') throw new ConfigurationError(`cookie.${option}: expected a boolean.`);
  }
  if (insecure && process.env['NODE_ENV'] === 'production') {
    throw new ConfigurationError('cookie.insecure: sends session ids in clear, and NODE_ENV is production.');
  }
  if (!['lax', 'none', 'strict'].includes(sameSite)) {
    throw new ConfigurationError("cookie.sameSite: expected 'lax', 'strict' or 'none'.");
  }
  if (insecure && (sameSite === 'none' || partitioned)) {
    throw new ConfigurationError("cookie.insecure: browsers refuse sameSite 'none' and partitioned without Secure.");
  }
  return { name: requireName(name, insecure), sameSite, secure: !insecure, partitioned, persist };
}

/**
 * Checks that the name is a token (RFC 9110 §5.6.2), and begins with `__Host-` unless the cookie is insecure: browsers then take it from
 * this host over HTTPS only, so neither a sub-domain nor plain HTTP can plant it.
 */
function requireName(name: string, insecure: boolean): string {
  if (typeof name !== 'string' || !/^[\w!#$%&'*+.^`|~-]{1,64}$/.test(name)) {
    throw new ConfigurationError('cookie.name: expected 1 to 64 of the characters that a cookie name may have.');
  }
  const isPrefixed = /^__(?:Host|Secure|Http)-/i.test(name);
  if (insecure && isPrefixed) throw new ConfigurationError('cookie.name: browsers refuse this prefix without Secure.');
  if (!insecure && !/^__Host-(?:Http-)?./.test(name)) {
    throw new ConfigurationError(
      "cookie.name: expected a name that begins with '__Host-', which keeps other hosts from setting it.",
    );
  }
  return name;
}
