// The public interface, written by "npm run api". Review a change of it as a change of the package.

import { Context, MiddlewareHandler } from "hono";

export type { AssuranceLevel, CookieOptions, Device, HttpSessionOptions, ImportCookieOptions, ImportOptions, ImportedSession, LoginOptions, OldSession, OldSessions, OldStore, RequestGetOptions, RequestSession, RequestUpdateOptions, UserSession };

export interface HonoSessionEnv<T, Input = T> {
  Variables: {
    session: RequestSession<T, Input>;
  };
}

export declare function honoSessions<T, Input = T>(sessions: SessionClient<T, Input>, options: HttpSessionOptions<Input>): HonoSessions<T, Input>;

export interface HonoSessions<T, Input = T> extends MiddlewareHandler<HonoSessionEnv<T, Input>> {
  of(context: Context): RequestSession<T, Input>;
}
