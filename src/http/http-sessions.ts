import type { SessionClient } from '../client/session-client.ts';
import type { Session } from '../client/session.ts';
import { answerable, nullIfOver } from './error-answer.ts';
import { ImportCookie } from './import/import-cookie.ts';
import { SessionImport } from './import/import.ts';
import { resolveHttpOptions, type HttpSessionOptions, type ResolvedHttpOptions } from './options.ts';
import type { RequestGetOptions } from './request-session.ts';
import { SessionCookie } from './cookie/session-cookie.ts';

/** The parts of a request that concern its session. */
export interface RequestHead {
  readonly method: string;
  /** Returns the value of a header by its lower-case name; several Cookie headers joined by `; `. */
  header(name: string): string | null | undefined;
}

/** The sessions of an HTTP server, whatever its framework: the options that all requests share. */
export class HttpSessions<T, Input = T> {
  readonly client: SessionClient<T, Input>;
  readonly options: ResolvedHttpOptions<Input>;
  readonly cookie: SessionCookie;
  /** Migrates sessions of an old store; undefined without `importFrom`. */
  readonly imports: SessionImport<T, Input> | undefined;

  /**
   * Does no I/O.
   * @throws {ConfigurationError} an option is wrong.
   */
  constructor(client: SessionClient<T, Input>, options: HttpSessionOptions<Input>) {
    this.options = resolveHttpOptions(client, options);
    this.client = client;
    const { cookie, importFrom, policy } = this.options;
    this.cookie = new SessionCookie(cookie);
    const context = { client, policy, find: this.find.bind(this) };
    this.imports = importFrom && new SessionImport(context, importFrom, new ImportCookie(importFrom.cookie, cookie));
  }

  /** Returns the session of this id; null also if a revoked key has ended it. */
  find(id: string, options: RequestGetOptions | undefined): Promise<Session<T> | null> {
    return this.client.get(id, options).catch(nullIfOver);
  }

  /** Returns the error in a form that a framework can answer. */
  answerable(error: unknown): unknown {
    return answerable(error, this.options.retryAfterSeconds);
  }
}
