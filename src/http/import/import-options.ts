import { createSecretKey, type KeyObject } from 'node:crypto';
import type { Lifetime } from '../../client/options/lifetime-options.ts';
import { ConfigurationError } from '../../errors.ts';
import { IMPORT_SECRETS_MAX } from '../../limits/http.ts';
import { requireMethods, requireOptions } from '../../option-checks.ts';
import { describeKind } from '../../platform/duration.ts';
import { sessionsOf, type OldSession, type OldSessions, type OldStore } from './import-store.ts';

/** The session that `toSession` makes of an old one. */
export interface ImportedSession<Input> {
  readonly data: Input;
  /** The user, if one is signed in. */
  readonly userId?: string;
  /** A line for the user's device list. */
  readonly label?: string;
  /** Overrides the client's lifetime, from now on; not longer than the policy allows. */
  readonly lifetime?: Lifetime;
  /**
   * The time at which the user signed in. Without it, `requireFresh` asks for a login, however long its `maxAge` is.
   * @defaultValue unknown
   */
  readonly authenticatedAt?: Date;
}

/** The names that `toSession` may return. */
export const IMPORTED_NAMES: readonly (keyof ImportedSession<unknown>)[] = [
  'data',
  'userId',
  'label',
  'lifetime',
  'authenticatedAt',
];

export interface ImportCookieOptions {
  /** @defaultValue 'connect.sid' */
  readonly name?: string;
  /** The `path` that the old cookie was set with. @defaultValue '/' */
  readonly path?: string;
  /** The `domain` that the old cookie was set with. @defaultValue none */
  readonly domain?: string;
}

interface ImportRules<Input> {
  /** The secret that signed the old cookies, or several, each of which is accepted. */
  readonly secret: readonly (string | Uint8Array)[] | string | Uint8Array;
  readonly cookie?: ImportCookieOptions;
  /**
   * Translates an old session. `null` leaves the session in the old store, and the request has no session. May be called more than
   * once for a session, so it must not write anything.
   */
  toSession(this: void, old: OldSession): ImportedSession<Input> | Promise<ImportedSession<Input> | null> | null;
  /**
   * The time at which the last old instance will have stopped. Until then old sessions are copied and not moved: the
   * old store still decides whether a session lives. @defaultValue no old instance runs any more
   */
  readonly since?: Date;
}

/** Says how to migrate sessions of express-session or @fastify/session, each with the first request that has its cookie. */
export type ImportOptions<Input> = ImportRules<Input> &
  (
    | ({ readonly store: OldStore } & { readonly [Name in keyof OldSessions]?: undefined })
    | (OldSessions & { readonly store?: undefined })
  );

/** The old cookie. Its path and domain are needed to clear it: browsers distinguish cookies of one name by them. */
export interface ResolvedOldCookie {
  readonly name: string;
  readonly path: string;
  readonly domain: string | undefined;
  readonly secrets: readonly KeyObject[];
}

export interface ResolvedImport<Input> {
  readonly sessions: OldSessions;
  readonly cookie: ResolvedOldCookie;
  readonly toSession: ImportRules<Input>['toSession'];
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/**
 * Resolves the options of an import.
 * @throws {ConfigurationError} an option is wrong.
 */
export function resolveImport<Input>(
  options: ImportOptions<Input>,
  ours: { readonly cookie: string; readonly namespace: string },
): ResolvedImport<Input> {
  const given = requireOptions('importFrom', options, IMPORT_NAMES);
  const { secret, cookie = {}, toSession, since } = given;
  if (typeof toSession !== 'function') {
    throw new ConfigurationError('importFrom.toSession: expected a function that translates an old session.');
  }
  if (since !== undefined && !(since instanceof Date && Number.isFinite(since.getTime()))) {
    throw new ConfigurationError('importFrom.since: expected a Date.');
  }
  return {
    sessions: resolveSessions(given, ours.namespace),
    cookie: { ...resolveOldCookie(cookie, ours.cookie), secrets: resolveSecrets(secret) },
    toSession,
    since: since === undefined ? Number.NEGATIVE_INFINITY : since.getTime(),
  };
}

const IMPORT_NAMES = [
  'store',
  'load',
  'destroy',
  'secret',
  'cookie',
  'toSession',
  'since',
] as const satisfies readonly (keyof ImportRules<unknown> | keyof OldSessions | 'store')[];
const COOKIE_NAMES = ['name', 'path', 'domain'] as const satisfies readonly (keyof ImportCookieOptions)[];

function resolveSessions<Input>(options: ImportOptions<Input>, namespace: string): OldSessions {
  const { store, load, destroy } = options;
  if (store === undefined) {
    const isFit = typeof load === 'function' && typeof destroy === 'function';
    if (isFit) return { load, destroy };
    throw new ConfigurationError('importFrom: expected a store, or the functions load and destroy.');
  }
  if (load !== undefined || destroy !== undefined) {
    throw new ConfigurationError('importFrom: expected either a store, or the functions load and destroy.');
  }
  requireMethods('importFrom.store', store, ['get', 'destroy'], 'a store of express-session');
  // With the same namespace, deleting the old entry would delete the session that has moved.
  if ('~namespace' in store && store['~namespace'] === namespace) {
    throw new ConfigurationError('importFrom.store: its SessionClient must have another namespace than this one.');
  }
  return sessionsOf(store);
}

/** Turns the secrets into keys; the secrets themselves are not kept, and no error message shows one. */
function resolveSecrets(secret: ImportRules<unknown>['secret']): KeyObject[] {
  const secrets: unknown[] = Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0 || secrets.length > IMPORT_SECRETS_MAX) {
    throw new ConfigurationError(`importFrom.secret: expected 1 to ${IMPORT_SECRETS_MAX} secrets.`);
  }
  return secrets.map((one) => {
    const bytes = typeof one === 'string' ? Buffer.from(one, 'utf8') : one;
    if (bytes instanceof Uint8Array && bytes.length > 0) return createSecretKey(bytes);
    throw new ConfigurationError(
      `importFrom.secret: expected a text or bytes, which are not empty, but got ${describeKind(one)}.`,
    );
  });
}

function resolveOldCookie(
  options: ImportCookieOptions,
  ourCookie: string,
): { name: string; path: string; domain: string | undefined } {
  const given = requireOptions('importFrom.cookie', options, COOKIE_NAMES);
  const { name = 'connect.sid', path = '/', domain } = given;
  if (typeof name !== 'string' || !/^[\w!#$%&'*+.^`|~-]{1,64}$/.test(name)) {
    throw new ConfigurationError(
      'importFrom.cookie.name: expected 1 to 64 of the characters that a cookie name may have.',
    );
  }
  if (name === ourCookie) {
    throw new ConfigurationError('importFrom.cookie.name: the new cookie must have another name than the old one.');
  }
  if (typeof path !== 'string' || !/^\/[!-:<-~]{0,255}$/.test(path)) {
    throw new ConfigurationError("importFrom.cookie.path: expected a path, such as '/'.");
  }
  if (domain !== undefined && (typeof domain !== 'string' || !/^[A-Za-z0-9.-]{1,253}$/.test(domain))) {
    throw new ConfigurationError("importFrom.cookie.domain: expected a domain, such as 'example.org'.");
  }
  return { name, path, domain };
}
