// The public interface, written by "npm run api". Review a change of it as a change of the package.

import { NextRequest } from "next/server.js";

export type { AssuranceLevel, CookieOptions, Device, HttpSessionOptions, ImportCookieOptions, ImportOptions, ImportedSession, LoginOptions, OldSession, OldSessions, OldStore, RequestGetOptions, RequestSession, RequestUpdateOptions, UserSession };

export type NextHandler<T, Input, Rest extends unknown[]> = (request: NextRequest, session: RequestSession<T, Input>, ...rest: Rest) => Promise<Response> | Response;

export declare function nextSessions<T, Input = T>(source: () => SessionClient<T, Input>, options: HttpSessionOptions<Input>): NextSessions<T, Input>;

export interface NextSessions<T, Input = T> {
  (): Promise<RequestSession<T, Input>>;
  route<Rest extends unknown[]>(handler: NextHandler<T, Input, Rest>): (request: NextRequest, ...rest: Rest) => Promise<Response>;
}
