import { sessionsOf, type OldSession, type OldSessions, type OldStore } from '../../http/import/import-store.ts';
import type { ImportedSession } from '../../http/import/import-options.ts';
import { requireMethods, requireOptions } from '../../option-checks.ts';
import { refusal, usageError } from '../shell/exit.ts';
import { importExport } from '../shell/import-module.ts';
import { oldIdsOf, type OldIds } from './old-ids.ts';

/** The export of the module of `--from`: what the application gives to `importFrom`, and the ids where the store cannot list them. */
export interface ImportSource extends OldSessions {
  list(): Promise<OldIds>;
  /** Says to make sessions for `session.of(request)`; without it they are made for `HoldfastStore`. */
  readonly toSession: ((old: OldSession) => Promise<ImportedSession<unknown> | null>) | undefined;
  readonly userIdOf: ((session: object) => string | undefined) | undefined;
}

interface Given {
  readonly store?: OldStore;
  readonly load?: OldSessions['load'];
  readonly destroy?: OldSessions['destroy'];
  readonly sids?: () => AsyncIterable<string> | Iterable<string>;
  readonly toSession?: (old: OldSession) => Promise<ImportedSession<unknown> | null> | ImportedSession<unknown> | null;
  readonly userIdOf?: (session: object) => string | undefined;
  readonly since?: Date;
  readonly secret?: unknown;
  readonly cookie?: unknown;
}

/** The accepted names. Secret and cookie are of no use here, but a module may export the same object that it gives to `importFrom`. */
const NAMES = ['store', 'load', 'destroy', 'sids', 'toSession', 'userIdOf', 'since', 'secret', 'cookie'] as const;

/** Reads the module of `--from`. */
export async function readSource(path: string, now: number): Promise<ImportSource> {
  const given = (await importExport(path, 'importFrom', 'an object with the old store')) as Given;
  const { store, load, destroy, sids, toSession, userIdOf, since } = requireOptions('importFrom', given, NAMES);
  for (const [name, value] of Object.entries({ sids, toSession, userIdOf })) {
    if (value !== undefined && typeof value !== 'function') throw usageError(`importFrom.${name} must be a function.`);
  }
  if (since instanceof Date && since.getTime() > now) {
    throw refusal('importFrom.since lies ahead: old instances still write to the old store. Nothing was imported.');
  }
  return {
    ...sessionsIn(store, load, destroy),
    list: async () => (sids === undefined ? oldIdsOf(store ?? {}) : { total: null, sids: sids() }),
    toSession: toSession && (async (old) => toSession(old)),
    userIdOf,
  };
}

function sessionsIn(store: Given['store'], load: Given['load'], destroy: Given['destroy']): OldSessions {
  if (store !== undefined) {
    requireMethods('importFrom.store', store, ['get', 'destroy'], 'a store of express-session');
    return sessionsOf(store);
  }
  if (typeof load === 'function' && typeof destroy === 'function') return { load, destroy };
  throw usageError('importFrom must have a store, or the functions load and destroy.');
}
