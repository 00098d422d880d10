/** The types that every binding exports, so that an application imports them from the one entry point that it uses. */
export type { ImportCookieOptions, ImportedSession, ImportOptions } from './import/import-options.ts';
export type { OldSession, OldSessions, OldStore } from './import/import-store.ts';
export type { CookieOptions, HttpSessionOptions } from './options.ts';
export type { AssuranceLevel } from './policy.ts';
export type {
  Device,
  LoginOptions,
  RequestGetOptions,
  RequestSession,
  RequestUpdateOptions,
  UserSession,
} from './request-session.ts';
