import type { SessionClient } from '../client/session-client.ts';
import { answerable } from './error-answer.ts';
import { resolveHttpOptions, type HttpSessionOptions, type ResolvedHttpOptions } from './options.ts';
import { SessionCookie } from './session-cookie.ts';

/** What a request says that concerns its session. */
export interface RequestHead {
  readonly method: string;
  /** The value of a header by its lower-case name; several Cookie headers joined by `; `. */
  header(name: string): string | null | undefined;
}

/** The sessions of an HTTP server, whatever its framework: options that are the same for all requests. */
export class HttpSessions<T, Input = T> {
  readonly client: SessionClient<T, Input>;
  readonly options: ResolvedHttpOptions<Input>;
  readonly cookie: SessionCookie;

  /** Throws `ConfigurationError`. Does no I/O. */
  constructor(client: SessionClient<T, Input>, options: HttpSessionOptions<Input>) {
    this.options = resolveHttpOptions(client, options);
    this.client = client;
    this.cookie = new SessionCookie(this.options.cookie);
  }

  /** The error as a framework can answer it by itself. */
  answerable(error: unknown): unknown {
    return answerable(error, this.options.retryAfterSeconds);
  }
}
