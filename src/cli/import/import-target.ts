import { importedRecord, importOptions } from '../../adapters/express-session/store-import.ts';
import { StoreLifetimes } from '../../adapters/express-session/store-lifetimes.ts';
import { resolveStoreOptions } from '../../adapters/express-session/store-options.ts';
import type { CreateOptions } from '../../client/options/call-options.ts';
import type { SessionClient } from '../../client/session-client.ts';
import { IMPORTED_NAMES } from '../../http/import/import-options.ts';
import type { OldSession } from '../../http/import/import-store.ts';
import { requireOptions } from '../../option-checks.ts';
import type { Platform } from '../../platform/platform.ts';
import type { ImportSource } from './import-source.ts';

/** A session as it is to be created. */
export interface Creation {
  readonly data: unknown;
  readonly options: CreateOptions;
}

/** Translates a session of the old store; null for one that is not to be imported. */
export type Translate = (sid: string, old: OldSession) => Promise<Creation | null>;

/** Returns the translation for `session.of(request)`, or, without a `toSession`, that for `HoldfastStore`. */
export function translationOf(client: SessionClient, source: ImportSource, platform: Platform): Translate {
  const { toSession } = source;
  return toSession === undefined ? forStore(client, source, platform) : forRequests(client, toSession);
}

function forStore(client: SessionClient, { userIdOf }: ImportSource, platform: Platform): Translate {
  const options = {
    ...resolveStoreOptions(client, userIdOf ? { userIdOf } : {}),
    lifetimes: new StoreLifetimes(client),
  };
  return async (sid, old) => {
    const now = platform.now();
    const record = importedRecord(sid, old, now);
    return record && { data: record, options: importOptions(record, client.idFor(sid), now, options) };
  };
}

function forRequests(client: SessionClient, toSession: NonNullable<ImportSource['toSession']>): Translate {
  return async (sid, old) => {
    const imported = await toSession(old);
    if (imported === null) return null;
    const { data, authenticatedAt, ...given } = requireOptions('toSession', imported, IMPORTED_NAMES);
    // The import is no login.
    return { data, options: { ...given, id: client.idFor(sid), authenticatedAt: authenticatedAt ?? null } };
  };
}
