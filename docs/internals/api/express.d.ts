// The public interface, written by "npm run api". Review a change of it as a change of the package.

import { IncomingHttpHeaders } from "node:http";

export type { AssuranceLevel, CookieOptions, Device, HttpSessionOptions, ImportCookieOptions, ImportOptions, ImportedSession, LoginOptions, OldSession, OldSessions, OldStore, RequestGetOptions, RequestSession, RequestUpdateOptions, UserSession };

type AssuranceLevel = "aal1" | "aal2" | "aal3";

interface CookieOptions {
  readonly name?: string;
  readonly sameSite?: "lax" | "none" | "strict";
  readonly partitioned?: boolean;
  readonly persist?: boolean;
  readonly insecure?: boolean;
}

interface Device extends SessionSummary {
  readonly current: boolean;
}

export declare function expressSessions<T, Input = T>(sessions: SessionClient<T, Input>, options: HttpSessionOptions<Input>): ExpressSessions<T, Input>;

export interface ExpressSessions<T, Input = T> {
  (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void): void;
  of(request: NodeRequest): RequestSession<T, Input>;
}

interface HttpSessionOptions<Input> {
  readonly initial: () => Input;
  readonly cookie?: CookieOptions;
  readonly policy?: AssuranceLevel;
  readonly maxSessionsPerUser?: number;
  readonly retryAfter?: Duration;
  readonly importFrom?: ImportOptions<Input>;
}

interface ImportCookieOptions {
  readonly name?: string;
  readonly path?: string;
  readonly domain?: string;
}

interface ImportedSession<Input> {
  readonly data: Input;
  readonly userId?: string;
  readonly label?: string;
  readonly lifetime?: Lifetime;
  readonly authenticatedAt?: Date;
}

type ImportOptions<Input> = ImportRules<Input> & (({
  readonly store: OldStore;
} & { readonly [Name in keyof OldSessions]?: undefined; }) | (OldSessions & {
  readonly store?: undefined;
}));

interface ImportRules<Input> {
  readonly secret: readonly (string | Uint8Array)[] | string | Uint8Array;
  readonly cookie?: ImportCookieOptions;
  toSession(this: void, old: OldSession): ImportedSession<Input> | Promise<ImportedSession<Input> | null> | null;
  readonly since?: Date;
}

interface LoginOptions<Input> {
  readonly data?: DeepReadonly<Input> | Input;
  readonly label?: string;
  readonly lifetime?: Lifetime;
}

interface NodeRequest {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

interface NodeResponse {
  readonly headersSent: boolean;
  writeHead(status: number, message?: string): unknown;
  hasHeader(name: string): boolean;
  removeHeader(name: string): void;
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  appendHeader(name: string, value: string | string[]): unknown;
}

type OldSession = Readonly<Record<string, unknown>>;

interface OldSessions {
  load(this: void, sid: string): Promise<object | null | undefined>;
  destroy(this: void, sid: string): Promise<unknown>;
}

interface OldStore {
  get(sid: string, callback: (error: unknown, session?: unknown) => void): unknown;
  destroy(sid: string, callback: (error?: unknown) => void): unknown;
}

interface RequestGetOptions {
  readonly consistency?: "bounded" | "strong";
}

interface RequestSession<T, Input = T> {
  get(options?: RequestGetOptions): Promise<Session<T> | null>;
  update(change: Change<T, Input>, options?: RequestUpdateOptions): Promise<Session<T>>;
  login(userId: string, options?: LoginOptions<Input>): Promise<UserSession<T>>;
  logout(): Promise<void>;
  logoutEverywhere(options?: {
    readonly keepThis?: boolean;
  }): Promise<number>;
  devices(): Promise<Device[]>;
  logoutDevice(handle: string): Promise<boolean>;
  requireUser(): Promise<UserSession<T>>;
  requireFresh(maxAge?: Duration): Promise<UserSession<T>>;
}

interface RequestUpdateOptions {
  readonly label?: string | null;
  readonly lifetime?: Lifetime;
}

type UserSession<T> = Session<T> & {
  readonly userId: string;
};
