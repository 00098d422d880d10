// The public interface, written by "npm run api". Review a change of it as a change of the package.

import { EventEmitter } from "node:events";

export type { HoldfastStoreOptions, OldStore, StoredCookie, StoredRequestSession };

type Callback = (error?: unknown) => void;

interface ExpressStore extends EventEmitter {
  generate(request: StoreRequest): void;
  load<S = StoredRequestSession>(sid: string, callback: ValueCallback<S>): void;
  createSession<S = RequestSessionObject>(request: StoreRequest, session: object): S;
}

declare const ExpressStore: new () => ExpressStore;

export declare class HoldfastStore<Data extends object = Record<string, unknown>> extends ExpressStore {
  #private;
  constructor(sessions: SessionClient, options?: HoldfastStoreOptions<Data>);
  get<S = StoredRequestSession>(sid: string, callback: ValueCallback<S | null>): void;
  get(sid: string, maxAge: unknown, options: KoaOptions): Promise<PlainSession | undefined>;
  set(sid: string, session: object, callback?: Callback): void;
  set(sid: string, session: object, maxAge: unknown, options: KoaOptions): Promise<void>;
  destroy(sid: string, callback?: Callback): void;
  destroy(sid: string, options: KoaOptions): Promise<void>;
  touch(sid: string, session: object, callback?: Callback): void;
  regenerate(request: StoreRequest, callback: Callback): void;
  override createSession<S = RequestSessionObject>(request: StoreRequest, session: object): S;
  all<S = StoredRequestSession>(callback: ValueCallback<Record<string, S>>): void;
  length(callback: ValueCallback<number>): void;
  clear(callback?: Callback): void;
}

interface HoldfastStoreOptions<Data extends object = Record<string, unknown>> {
  readonly userIdOf?: (session: Data) => string | undefined;
  readonly userWithoutNewId?: "allow" | "refuse";
  readonly importFrom?: OldStore;
  readonly importSince?: Date;
}

interface KoaOptions {
  readonly ctx?: object;
}

interface OldStore$1 {
  get(sid: string, callback: (error: unknown, session?: unknown) => void): unknown;
  destroy(sid: string, callback: (error?: unknown) => void): unknown;
}

interface OldStore extends OldStore$1 {
  set?(sid: string, session: never, callback: (error?: unknown) => void): unknown;
  touch?(sid: string, session: never, callback: (error?: unknown) => void): unknown;
  clear?(callback: (error?: unknown) => void): unknown;
}

type PlainSession = Record<string, unknown>;

interface RequestSessionObject extends StoredRequestSession {
  readonly id: string;
  regenerate(callback: Callback): this;
  destroy(callback: Callback): this;
  reload(callback: Callback): this;
  resetMaxAge(): this;
  save(callback?: Callback): this;
  touch(): this;
}

interface StoredCookie {
  originalMaxAge: number | null;
  expires?: Date | null;
  [attribute: string]: unknown;
}

interface StoredRequestSession {
  cookie: StoredCookie;
  [name: string]: unknown;
}

interface StoreRequest {
  sessionID: string;
  session?: object;
}

type ValueCallback<V> = (error: unknown, value?: V) => void;
