import type { Socket } from 'node:net';
import { Redis } from 'ioredis';
import { TierFailure } from '../../../errors.ts';
import { MISCONFIGURED_BACKOFF, RECONNECT_BACKOFF } from '../../../limits/primary-tier.ts';
import { backoffMs } from '../../../platform/backoff.ts';
import type { CancelTimer, Platform } from '../../../platform/platform.ts';
import { readAccess, type Access } from '../options/access.ts';
import { adviceFor } from '../advice.ts';
import { clientSettings, type ScriptedRedis } from './client-settings.ts';
import { toTierFailure, type Progress } from './failure.ts';
import { openSocket } from './socket.ts';
import type { TlsSettings } from '../options/tls-options.ts';
import type { ServerOptions } from '../options/topology.ts';

/** The failures of connections that ended, or were given up, without an error from the server. */
const SILENT: ReadonlySet<string> = new Set(['ECONNABORTED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'closed', 'silent']);

export interface ClientEvents {
  /** TCP is connected and TLS agreed upon; the server is greeted next. */
  onConnect(): void;
  /** The server took the greeting, and with it the user and the password. */
  onReady(): void;
  /** An attempt, or the connection that came of it, has ended. Another attempt follows by itself. */
  onEnd(failure: TierFailure): void;
}

/** Keeps one ioredis client for as long as the tier is open: connects, notices the end of the connection, connects again. */
export class ReconnectingClient {
  readonly redis: ScriptedRedis;
  readonly #platform: Platform;
  readonly #options: ServerOptions;
  readonly #events: ClientEvents;
  #progress: Progress = 'reaching';
  /** The settings of the present attempt. */
  #tls: TlsSettings | undefined;
  /** The attempts since a server was last found fit to serve, and those of them that met what a person has to mend. */
  #attempts = 0;
  #mistakes = 0;
  /** The failure of the present attempt, and of the last one that failed. */
  #attemptFailure: TierFailure | null = null;
  #lastFailure: TierFailure | null = null;
  #cancelTimer: CancelTimer = () => {};
  #isClosed = false;

  constructor(options: ServerOptions, platform: Platform, events: ClientEvents) {
    this.#platform = platform;
    this.#events = events;
    this.#options = options;
    this.redis = new Redis(clientSettings(options, () => this.#openSocket())) as ScriptedRedis;
    this.redis.on('error', (error: unknown) => this.remember(toTierFailure(error, this.#progress)));
    this.redis.on('connect', () => {
      this.#progress = 'connected';
      events.onConnect();
    });
    this.redis.on('ready', () => {
      this.#progress = 'greeted';
      events.onReady();
    });
    // Not `close`: an attempt that could not even make a socket ends without one.
    this.redis.on('end', () => this.#end());
  }

  get isReady(): boolean {
    return this.redis.status === 'ready';
  }

  /** The failure of the present attempt or connection. */
  get attemptFailure(): TierFailure | null {
    return this.#attemptFailure;
  }

  /** The reason why there is no server to use. */
  get lastFailure(): TierFailure | null {
    return this.#lastFailure;
  }

  connect(): void {
    this.#progress = 'reaching';
    this.#attemptFailure = null;
    readAccess(this.#options, this.#platform).then(
      (access) => this.#connect(access),
      (failure: unknown) => {
        this.remember(toTierFailure(failure));
        this.#end();
      },
    );
  }

  /** Notes what is wrong with the present attempt or connection. A failure that a person has to mend stays: it explains those that follow. */
  remember(failure: TierFailure): void {
    if (this.#attemptFailure?.kind === 'misconfigured') return;
    this.#attemptFailure = failure;
    this.#lastFailure = failure;
  }

  /** Notes that the server was found fit to serve. */
  accept(): void {
    this.#attempts = 0;
    this.#mistakes = 0;
    this.#attemptFailure = null;
    this.#lastFailure = null;
  }

  /** Gives the connection up; another attempt follows. */
  drop(): void {
    this.redis.disconnect(true);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#lastFailure = new TierFailure('not-sent', 'closed');
    this.redis.disconnect();
  }

  #connect({ credentials, tls }: Access): void {
    if (this.#isClosed) return;
    this.#tls = tls;
    // ioredis reads them as it connects.
    Object.assign(this.redis.options, { username: undefined, password: undefined, ...credentials });
    // What becomes of the attempt arrives as an event.
    this.redis.connect().catch(() => {});
  }

  #openSocket(): Socket {
    return openSocket(this.#options.endpoint, this.#tls).once('connect', () => (this.#progress = 'accepted'));
  }

  #end(): void {
    if (this.#isClosed) return;
    const failure = this.#explain(this.#attemptFailure ?? new TierFailure('ambiguous', 'closed'));
    this.#lastFailure = failure;
    this.#cancelTimer = this.#platform.after(this.#delay(failure), () => this.connect());
    this.#events.onEnd(failure);
  }

  /** A port that speaks TLS to a client that does not, or the reverse, mostly resets the connection or says nothing at all. */
  #explain(failure: TierFailure): TierFailure {
    const isEncrypted = this.#options.tls !== undefined;
    const isUnanswered =
      SILENT.has(failure.reason) && (this.#progress === 'accepted' || (this.#progress === 'connected' && !isEncrypted));
    if (!isUnanswered) return failure;
    const reason = isEncrypted ? 'tls-unanswered' : 'unanswered';
    return new TierFailure(failure.kind, reason, adviceFor(reason));
  }

  #delay(failure: TierFailure): number {
    if (failure.kind === 'misconfigured') return backoffMs(this.#platform, MISCONFIGURED_BACKOFF, this.#mistakes++);
    return backoffMs(this.#platform, RECONNECT_BACKOFF, this.#attempts++);
  }
}
