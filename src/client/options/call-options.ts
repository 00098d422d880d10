import { encodeLabel, encodeUserId } from '../../codec/record-format.ts';
import { ConfigurationError } from '../../errors.ts';
import { READY_TIMEOUT_MS_DEFAULT, READY_TIMEOUT_MS_MAX } from '../../limits/client.ts';
import { requireOptions } from '../../option-checks.ts';
import { describe, parseDuration, type Duration } from '../../platform/duration.ts';
import { isSessionId } from '../../session/session-id.ts';
import { ENDED_BY, type EndedBy } from '../../telemetry/audit.ts';
import type { ReadOptions } from '../../tiering/read/copy.ts';
import { resolveLifetime, resolveNewLifetime, type Lifetime, type ResolvedLifetime } from './lifetime-options.ts';
import type { DeepReadonly } from '../data/plain-data.ts';
import type { NewLifetime, RecordChanges } from '../write/record-changes.ts';
import { findNamed, type SessionRef } from '../session-ref.ts';

/** The options of `create`. */
export interface CreateOptions {
  /**
   * The id that the session is to have: one of `newId()` or `idFor(text)`. Where it is taken, `create` throws
   * `SessionExistsError` or `SessionEndedError`. @defaultValue a new one
   */
  readonly id?: string;
  /** The application's own id of the user; 1 to 512 bytes. Stored sealed, and as a keyed hash to find the user's sessions. */
  readonly userId?: string;
  /** A line for the user's device list, such as `Firefox on Linux`; at most 512 bytes, stored sealed. */
  readonly label?: string;
  /** Overrides the client's `lifetime` for this session, up to its `maxLifetime`. */
  readonly lifetime?: Lifetime;
  /**
   * The time of the login, where that was not now: importing a session is no login. `null` if it is not known.
   * @defaultValue now, if there is a `userId`
   */
  readonly authenticatedAt?: Date | null;
}

/** The options of `get`. */
export interface GetOptions {
  /** True if this read counts as activity. @defaultValue true */
  readonly touch?: boolean;
  /** `strong` asks the durable tier, whatever the primary tier holds. @defaultValue 'bounded' */
  readonly consistency?: 'bounded' | 'strong';
}

/** The properties that a write may change besides the data. One that is not given stays as it is. */
export interface UpdateOptions {
  /**
   * Files the session under this user, or nobody (`null`). Another user than before has not logged in by that:
   * `authenticatedAt` is undefined then. After a login use `regenerate`, which also changes the id.
   */
  readonly userId?: string | null;
  /** A new line for the device list; `null` removes it. */
  readonly label?: string | null;
  /**
   * A new lifetime, longer or shorter. `absolute` counts from now, up to the client's `maxLifetime`; `idle` from the last use.
   * Given alone, `idle` leaves the absolute deadline where it is, and `absolute` the idle lifetime.
   */
  readonly lifetime?: Lifetime;
}

/** The options of `replace`. */
export interface ReplaceOptions extends UpdateOptions {
  /** The revision that is replaced. @defaultValue that of the session, where a `Session` is given and not an id */
  readonly revision?: number;
}

/** The options of `regenerate`. A property that is not given stays as it is. */
export interface RegenerateOptions<Input> {
  /**
   * The user that has just logged in, which sets `authenticatedAt`; `null` for nobody any more. A new user restarts the
   * absolute lifetime, unless `lifetime.absolute` says otherwise.
   */
  readonly userId?: string | null;
  /** Replaces the data. */
  readonly data?: DeepReadonly<Input> | Input;
  /** A new line for the device list; `null` removes it. */
  readonly label?: string | null;
  /** A new lifetime, longer or shorter, as for `update`. */
  readonly lifetime?: Lifetime;
}

/** The options of the calls that end sessions. */
export interface DestroyOptions {
  /** The one who ends the session, for the audit stream; `operator` on a page for administrators. @defaultValue 'application' */
  readonly by?: EndedBy;
}

/** The options of `destroyByUser`. */
export interface DestroyByUserOptions<T = unknown> extends DestroyOptions {
  /** The session to keep: its id, or the session itself. */
  readonly except?: SessionRef<T>;
}

/** The options of `ready`. */
export interface ReadyOptions {
  /** The longest that `ready` keeps trying; 0 tries once. From 0 to 10 min. @defaultValue '10s' */
  readonly timeout?: Duration;
}

/** The options of `create`, complete and valid. */
export interface ResolvedCreation {
  readonly id: string | undefined;
  readonly userId: string | undefined;
  readonly label: string | undefined;
  readonly lifetime: ResolvedLifetime;
  /** Milliseconds since the epoch; null if nobody knows, undefined for now. */
  readonly authenticatedAt: number | null | undefined;
}

/** Returns for how many milliseconds `ready` keeps trying. */
export function resolveReadyOptions(options: ReadyOptions): number {
  const { timeout = READY_TIMEOUT_MS_DEFAULT } = requireOptions('ready options', options, ['timeout']);
  return parseDuration('timeout', timeout, 0, READY_TIMEOUT_MS_MAX);
}

/**
 * Checks the options of `create`.
 * @throws {ConfigurationError} names the option.
 * @throws {PayloadError} the user id or the label cannot be stored.
 */
export function resolveCreateOptions(options: CreateOptions, defaults: ResolvedLifetime): ResolvedCreation {
  const { id, userId, label, lifetime, authenticatedAt } = requireOptions('create options', options, CREATE_NAMES);
  if (id !== undefined && !isSessionId(id)) {
    throw new ConfigurationError('id: expected one of newId() or idFor(text), 43 base64url characters.');
  }
  checkTexts(userId, label);
  return {
    id,
    userId,
    label,
    lifetime: resolveLifetime('lifetime', lifetime, defaults),
    authenticatedAt: authenticatedAt === undefined ? undefined : resolveAuthenticatedAt(authenticatedAt, userId),
  };
}

function resolveAuthenticatedAt(authenticatedAt: Date | null, userId: string | undefined): number | null {
  if (authenticatedAt === null) return null;
  const time = authenticatedAt instanceof Date ? authenticatedAt.getTime() : Number.NaN;
  if (!(time > 0)) throw new ConfigurationError('authenticatedAt: expected a Date after 1970, or null.');
  if (userId === undefined) throw new ConfigurationError('authenticatedAt: nobody has logged in without a userId.');
  return time;
}

/** The options of a `get` without options: known by identity, so that most calls check nothing. */
export const DEFAULT_GET: GetOptions = {};
const DEFAULT_READ: ReadOptions = { consistency: 'bounded', touch: true };

/**
 * Checks the options of `get`.
 * @throws {ConfigurationError} names the option.
 */
export function resolveGetOptions(options: GetOptions): ReadOptions {
  if (options === DEFAULT_GET) return DEFAULT_READ;
  const { touch = true, consistency = 'bounded' } = requireOptions('get options', options, GET_NAMES);
  if (typeof touch !== 'boolean') throw new ConfigurationError('touch: expected a boolean.');
  if (consistency !== 'bounded' && consistency !== 'strong') {
    throw new ConfigurationError("consistency: expected 'bounded' or 'strong'.");
  }
  return { touch, consistency };
}

/**
 * Checks the options of `update`.
 * @throws {ConfigurationError} names the option.
 * @throws {PayloadError} the user id or the label cannot be stored.
 */
export function resolveUpdateOptions(options: UpdateOptions, client: ResolvedLifetime): RecordChanges {
  return changesOf(requireOptions('update options', options, CHANGE_NAMES), client);
}

/** `known` is the revision of the session in hand. */
export function resolveReplaceOptions(
  options: ReplaceOptions,
  known: number | undefined,
  client: ResolvedLifetime,
): RecordChanges & { readonly revision: number } {
  const given = requireOptions('replace options', options, REPLACE_NAMES);
  const { revision = known } = given;
  if (revision === undefined || !Number.isSafeInteger(revision) || revision < 1) {
    throw new ConfigurationError(
      `revision: expected the revision of a session, a whole number from 1, but got ${describe(revision)}. ` +
        'It may be left out where a Session is given instead of an id.',
    );
  }
  return { ...changesOf(given, client), revision };
}

/**
 * Checks the options of `regenerate`.
 * @throws {ConfigurationError} names the option.
 * @throws {PayloadError} the user id or the label cannot be stored.
 */
export function resolveRegenerateOptions<Input>(
  options: RegenerateOptions<Input>,
  client: ResolvedLifetime,
): RecordChanges & { readonly data: unknown } {
  const given = requireOptions('regenerate options', options, REGENERATE_NAMES);
  return { ...changesOf(given, client), data: given.data };
}

/**
 * Returns who ends a session.
 * @throws {ConfigurationError} an option is wrong.
 */
export function resolveBy(what: string, options: DestroyOptions): EndedBy {
  return requireBy(requireOptions(`${what} options`, options, ['by']));
}

function requireBy({ by = 'application' }: DestroyOptions): EndedBy {
  if (ENDED_BY.includes(by)) return by;
  throw new ConfigurationError(`by: expected one of ${ENDED_BY.join(', ')}.`);
}

/**
 * Checks the options of `destroyByUser`.
 * @throws {ConfigurationError} names the option.
 */
export function resolveDestroyByUser<T>(options: DestroyByUserOptions<T>): {
  readonly kept: Buffer | null;
  readonly by: EndedBy;
} {
  const given = requireOptions('destroyByUser options', options, ['except', 'by']);
  return { kept: keptBy(given.except), by: requireBy(given) };
}

/** The storage key of the session to keep. Anything else, taken for "except nobody", would end the one that was to be kept. */
function keptBy(except: unknown): Buffer | null {
  if (except === undefined) return null;
  const named = findNamed('except', except);
  if (named === null) throw new ConfigurationError('except: expected a session id or a Session.');
  return named.storageKey;
}

const CREATE_NAMES = [
  'id',
  'userId',
  'label',
  'lifetime',
  'authenticatedAt',
] as const satisfies readonly (keyof CreateOptions)[];
const GET_NAMES = ['touch', 'consistency'] as const satisfies readonly (keyof GetOptions)[];
const CHANGE_NAMES = ['userId', 'label', 'lifetime'] as const satisfies readonly (keyof UpdateOptions)[];
const REPLACE_NAMES = ['revision', ...CHANGE_NAMES] as const satisfies readonly (keyof ReplaceOptions)[];
const REGENERATE_NAMES = ['data', ...CHANGE_NAMES] as const satisfies readonly (keyof RegenerateOptions<unknown>)[];

function changesOf({ userId, label, lifetime }: UpdateOptions, client: ResolvedLifetime): RecordChanges {
  checkTexts(userId, label);
  const newLifetime: NewLifetime = lifetime === undefined ? {} : resolveNewLifetime('lifetime', lifetime, client);
  return { userId, label, ...newLifetime };
}

/** Throws `PayloadError` before anything is asked or sent. */
function checkTexts(userId: string | null | undefined, label: string | null | undefined): void {
  if (userId !== undefined && userId !== null) encodeUserId(userId);
  if (label !== undefined && label !== null) encodeLabel(label);
}
