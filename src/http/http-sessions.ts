import type { SessionClient } from '../client/session-client.ts';
import type { Session } from '../client/session.ts';
import { answerable, nullIfOver } from './error-answer.ts';
import { ImportCookie } from './import/import-cookie.ts';
import { SessionImport } from './import/import.ts';
import { resolveHttpOptions, type HttpSessionOptions, type ResolvedHttpOptions } from './options.ts';
import type { RequestGetOptions } from './request-session.ts';
import { SessionCookie } from './cookie/session-cookie.ts';

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
  /** Migrates sessions of an old store; undefined without `importFrom`. */
  readonly imports: SessionImport<T, Input> | undefined;

  /** Throws `ConfigurationError`. Does no I/O. */
  constructor(client: SessionClient<T, Input>, options: HttpSessionOptions<Input>) {
    this.options = resolveHttpOptions(client, options);
    this.client = client;
    const { cookie, importFrom, policy } = this.options;
    this.cookie = new SessionCookie(cookie);
    const context = { client, policy, find: this.find.bind(this) };
    this.imports = importFrom && new SessionImport(context, importFrom, new ImportCookie(importFrom.cookie, cookie));
  }

  /** The session of this id; null also where a revoked key has ended it. */
  find(id: string, options: RequestGetOptions | undefined): Promise<Session<T> | null> {
    return this.client.get(id, options).catch(nullIfOver);
  }

  /** The error as a framework can answer it by itself. */
  answerable(error: unknown): unknown {
    return answerable(error, this.options.retryAfterSeconds);
  }
}
