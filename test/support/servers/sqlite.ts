import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface SqliteFile extends AsyncDisposable {
  readonly path: string;
  readonly url: string;
  stop(): Promise<void>;
}

/** A database file in a folder of its own, since SQLite keeps its journals beside it. */
export async function startSqlite(): Promise<SqliteFile> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-sqlite-'));
  const path = join(dir, 'sessions.db');
  const stop = (): Promise<void> => rm(dir, { recursive: true, force: true });
  return { path, url: pathToFileURL(path).href, stop, [Symbol.asyncDispose]: stop };
}
