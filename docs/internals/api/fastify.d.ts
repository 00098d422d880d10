// The public interface, written by "npm run api". Review a change of it as a change of the package.

export type { AssuranceLevel, CookieOptions, Device, HttpSessionOptions, ImportCookieOptions, ImportOptions, ImportedSession, LoginOptions, OldSession, OldSessions, OldStore, RequestGetOptions, RequestSession, RequestUpdateOptions, UserSession };

interface Application {
  addHook(name: "onRequest", hook: (request: Request, reply: Reply, done: () => void) => void): unknown;
  addHook(name: "onSend", hook: (request: Request) => Promise<void>): unknown;
}

export declare function fastifySessions<T, Input = T>(sessions: SessionClient<T, Input>, options: HttpSessionOptions<Input>): FastifySessions<T, Input>;

export interface FastifySessions<T, Input = T> {
  (app: Application): Promise<void>;
  of(request: Request): RequestSession<T, Input>;
}

interface Reply {
  readonly raw: NodeResponse;
}

interface Request {
  readonly raw: NodeRequest;
}
