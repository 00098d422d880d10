// The public interface, written by "npm run api". Review a change of it as a change of the package.

export type { AssuranceLevel, CookieOptions, Device, HttpSessionOptions, ImportCookieOptions, ImportOptions, ImportedSession, LoginOptions, OldSession, OldSessions, OldStore, RequestGetOptions, RequestSession, RequestUpdateOptions, UserSession };

interface Context {
  readonly req: NodeRequest;
  readonly res: NodeResponse;
}

export declare function koaSessions<T, Input = T>(sessions: SessionClient<T, Input>, options: HttpSessionOptions<Input>): KoaSessions<T, Input>;

export interface KoaSessions<T, Input = T> {
  (context: Context, next: () => Promise<unknown>): Promise<void>;
  of(context: Pick<Context, "req">): RequestSession<T, Input>;
}
