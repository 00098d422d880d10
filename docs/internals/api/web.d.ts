// The public interface, written by "npm run api". Review a change of it as a change of the package.

export type { AssuranceLevel, CookieOptions, Device, HttpSessionOptions, ImportCookieOptions, ImportOptions, ImportedSession, LoginOptions, OldSession, OldSessions, OldStore, RequestGetOptions, RequestSession, RequestUpdateOptions, UserSession };

export type WebHandler<T, Input, R extends Request, Rest extends unknown[]> = (request: R, session: RequestSession<T, Input>, ...rest: Rest) => Promise<Response> | Response;

export interface WebSessionOptions<Input> extends HttpSessionOptions<Input> {
  readonly onError?: (error: unknown, request: Request) => Promise<Response | undefined> | Response | undefined;
}

export declare function webSessions<T, Input = T>(sessions: SessionClient<T, Input>, options: WebSessionOptions<Input>): WebSessions<T, Input>;

export interface WebSessions<T, Input = T> {
  handle<R extends Request, Rest extends unknown[]>(handler: WebHandler<T, Input, R, Rest>): (request: R, ...rest: Rest) => Promise<Response>;
  of(request: Request): RequestSession<T, Input>;
}
