import { IMPORT_PAGE_ROWS } from '../../limits/cli.ts';
import { failure, usageError } from '../shell/exit.ts';

/** The ids of an old store's sessions. */
export interface OldIds {
  /** The number of them, as far as it is known. */
  readonly total: number | null;
  readonly sids: AsyncIterable<string> | Iterable<string>;
}

type Callback = (error: unknown, value?: unknown) => void;
type Method = (callback: Callback) => unknown;
type Query = (text: string, values: readonly unknown[], callback: Callback) => unknown;

/**
 * Finds out which sessions an old store has. A store of express-session has no method for that, so this knows those that have one:
 * connect-redis (`ids`), connect-pg-simple (its table), and stores whose `all` returns sessions by id, such as express-session's own.
 * For others the application gives the ids.
 */
export async function oldIdsOf(store: object): Promise<OldIds> {
  const { ids, query, quotedTable, all } = store as Readonly<Record<string, unknown>>;
  if (typeof ids === 'function') return listed(await called(store, ids as Method));
  if (typeof query === 'function' && typeof quotedTable === 'function') {
    return tabled(query.bind(store) as Query, String(quotedTable.call(store)));
  }
  if (typeof all === 'function') {
    const sessions = await called(store, all as Method);
    if (typeof sessions === 'object' && sessions !== null && !Array.isArray(sessions)) {
      return listed(Object.keys(sessions));
    }
  }
  throw usageError(
    'The store of --from cannot list its sessions: export { store, sids }, where sids is a function that yields their ids.',
  );
}

function listed(ids: unknown): OldIds {
  if (!Array.isArray(ids)) throw failure('The store of --from did not return an array of ids.');
  // A scan of Redis may return a key twice.
  const sids = [...new Set(ids.map(String))];
  return { total: sids.length, sids };
}

/** Reads the table of connect-pg-simple by its primary key, page by page. Its `query` gives the first row alone. */
async function tabled(query: Query, table: string): Promise<OldIds> {
  const ask = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    const row = await awaited((callback) => query(text, values, callback));
    return typeof row === 'object' && row !== null && 'answer' in row ? row.answer : null;
  };
  const total = Number(await ask(`SELECT count(*) AS answer FROM ${table} WHERE expire >= now()`, []));
  return { total, sids: pages((after) => ask(pageOf(table), [after])) };
}

function pageOf(table: string): string {
  const page = `SELECT sid FROM ${table} WHERE sid > $1 AND expire >= now() ORDER BY sid LIMIT ${IMPORT_PAGE_ROWS}`;
  return `SELECT json_agg(page.sid ORDER BY page.sid) AS answer FROM (${page}) AS page`;
}

async function* pages(pageAfter: (after: string) => Promise<unknown>): AsyncGenerator<string, void> {
  for (let after: string | undefined = ''; after !== undefined;) {
    const answer: unknown = await pageAfter(after);
    const sids: string[] = Array.isArray(answer) ? answer.map(String) : [];
    yield* sids;
    after = sids.length < IMPORT_PAGE_ROWS ? undefined : sids.at(-1);
  }
}

function called(store: object, method: Method): Promise<unknown> {
  return awaited((callback) => method.call(store, callback));
}

/** Turns a callback into a promise; the error's text is dropped, since it may hold a connection string. */
function awaited(call: (callback: Callback) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const refuse = (): void => reject(failure('The store of --from failed to list its sessions.'));
    const returned = call((error, value) => (error ? refuse() : resolve(value)));
    Promise.resolve(returned).catch(refuse);
  });
}
