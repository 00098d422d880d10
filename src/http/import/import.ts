import type { SessionClient } from '../../client/session-client.ts';
import type { Session } from '../../client/session.ts';
import { isHoldfastError } from '../../errors.ts';
import { IMPORT_CLOCK_MARGIN_MS } from '../../limits/http.ts';
import { requireOptions } from '../../option-checks.ts';
import type { Platform } from '../../platform/platform.ts';
import type { CookieSink } from '../cookie/cookie-sink.ts';
import type { OldCookie, ImportCookie } from './import-cookie.ts';
import { OldEntries } from './import-entries.ts';
import { IMPORTED_NAMES, type ImportedSession, type ResolvedImport } from './import-options.ts';
import type { OldSession } from './import-store.ts';
import type { LifetimePolicy } from '../policy.ts';
import type { RequestGetOptions } from '../request-session.ts';

/** The parts of the HTTP sessions that an import needs. */
export interface ImportContext<T, Input> {
  readonly client: SessionClient<T, Input>;
  readonly policy: LifetimePolicy;
  /** Returns the session of this id. Null if there is none, or a key that is revoked by now has sealed it. */
  readonly find: (id: string, options: RequestGetOptions | undefined) => Promise<Session<T> | null>;
}

/** A request with another library's cookie. */
export interface Arrival {
  readonly cookie: OldCookie;
  /** The id that its session has here. */
  readonly id: string;
}

/**
 * Migrates sessions from an old store. The id of a session here is derived from its old id (`idFor`), so that every request, every
 * process and every repetition means the same session. Of several requests that move it, only one succeeds to `create` that id.
 */
export class SessionImport<T, Input> {
  readonly cookie: ImportCookie;
  readonly #context: ImportContext<T, Input>;
  readonly #options: ResolvedImport<Input>;
  readonly #entries: OldEntries;

  constructor(context: ImportContext<T, Input>, options: ResolvedImport<Input>, cookie: ImportCookie) {
    this.cookie = cookie;
    this.#context = context;
    this.#options = options;
    this.#entries = new OldEntries(options.sessions);
  }

  /**
   * Returns the old cookie of a request and the id of its session here; undefined if no secret has signed the cookie.
   * Does no I/O.
   */
  arrivalOf(header: string): Arrival | undefined {
    const cookie = this.cookie.read(header);
    return cookie && { cookie, id: this.#context.client.idFor(cookie.sid) };
  }

  /**
   * Returns the session of a request that has only the old cookie. Moves the session first if it has not been moved
   * yet.
   */
  async find(arrival: Arrival, options: RequestGetOptions | undefined, sink: CookieSink): Promise<Session<T> | null> {
    const platform = this.#platform;
    const { since } = this.#options;
    if (platform.now() < since) return this.#findBesideOldInstances(platform, arrival, options, sink);
    const session = await this.#context.find(arrival.id, options);
    const mayDelete = platform.now() >= since + IMPORT_CLOCK_MARGIN_MS;
    if (session !== null) {
      if (mayDelete) this.#entries.sweep(platform, arrival.cookie.sid);
      return session;
    }
    const old = await this.#entries.load(platform, arrival.cookie.sid);
    // Another request may have moved it between the two looks.
    if (old === null) return this.#context.find(arrival.id, { consistency: 'strong' });
    const moved = await this.#move(arrival, old, sink);
    if (mayDelete && moved !== 'left') await this.#entries.tryToDelete(platform, arrival.cookie.sid);
    return moved === 'left' ? null : moved;
  }

  /** Deletes the old entry after a login, which gave the session another id. Never rejects: the login stands if the old store is down. */
  async leave({ cookie }: Arrival): Promise<void> {
    await this.#entries.tryToDelete(this.#platform, cookie.sid);
  }

  /**
   * Deletes the old entry of a session that has ended. Rejects with `ImportUnavailableError` where that fails: an old instance would
   * go on serving the session, or a new one would import it again.
   */
  async end({ cookie }: Arrival): Promise<void> {
    await this.#entries.delete(this.#platform, cookie.sid);
  }

  /**
   * Finds the session while old instances run. The old store decides whether it lives: a logout there ends it here.
   * Writes there after the copy are not seen here, and the other way round.
   */
  async #findBesideOldInstances(
    platform: Platform,
    arrival: Arrival,
    options: RequestGetOptions | undefined,
    sink: CookieSink,
  ): Promise<Session<T> | null> {
    const { client, find } = this.#context;
    const old = await this.#entries.load(platform, arrival.cookie.sid);
    if (old !== null) {
      const session = (await find(arrival.id, options)) ?? (await this.#move(arrival, old, sink));
      return session === 'left' ? null : session;
    }
    // A login has given the session a new id before it deleted the entry: then there is none of this id to end.
    const session = await find(arrival.id, { consistency: 'strong' });
    if (session !== null) await client.destroy(session, { by: 'old-store' });
    return null;
  }

  /** Moves the session. Returns null if it has ended here before, and `left` if the application does not want it. */
  async #move(arrival: Arrival, old: OldSession, sink: CookieSink): Promise<Session<T> | 'left' | null> {
    const imported = await this.#options.toSession(old);
    if (imported === null) return 'left';
    const { client, find } = this.#context;
    try {
      const session = await client.create(...this.#creation(arrival.id, imported));
      this.#prolongCookie(arrival, old, session, sink);
      return session;
    } catch (error) {
      if (!isHoldfastError(error)) throw error;
      if (error.code === 'HOLDFAST_SESSION_EXISTS') return find(arrival.id, { consistency: 'strong' });
      if (error.code === 'HOLDFAST_SESSION_ENDED') return null;
      throw error;
    }
  }

  #creation(id: string, imported: ImportedSession<Input>): Parameters<SessionClient<T, Input>['create']> {
    const { data, userId, label, lifetime, authenticatedAt } = requireOptions('toSession', imported, IMPORTED_NAMES);
    const options = {
      id,
      lifetime: this.#context.policy.forNew(lifetime),
      // The move is no login.
      authenticatedAt: authenticatedAt ?? null,
      ...(userId !== undefined && { userId }),
      ...(label !== undefined && { label }),
    };
    return [data, options];
  }

  /**
   * Sets a persistent old cookie once more, until the session's absolute deadline, since the old server no longer
   * renews it. A late response does no harm: it sets the same cookie, and the cookie of a login has precedence.
   */
  #prolongCookie({ cookie }: Arrival, old: OldSession, session: Session<T>, sink: CookieSink): void {
    if (!sink.isOpen || !isPersistent(old['cookie'])) return;
    const expiresInMs = session.absoluteExpiresAt.getTime() - session.lastSeenAt.getTime();
    const change = this.cookie.prolong(cookie, expiresInMs);
    if (change !== undefined) sink.set(change);
  }

  get #platform(): Platform {
    return this.#context.client['~http'].platform;
  }
}

/** True if browsers keep the cookie when they are closed, by what express-session and @fastify/session store. */
function isPersistent(cookie: unknown): boolean {
  if (typeof cookie !== 'object' || cookie === null) return false;
  return 'originalMaxAge' in cookie && typeof cookie.originalMaxAge === 'number';
}
