import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { codeOf } from '../../keys/file/ring-file.ts';
import { failure } from './exit.ts';

/**
 * What a module of the application exports by this name or by default; if that is a function, what it returns. The Node that
 * runs imports it, so a `.ts` file needs one that strips types.
 */
export async function importExport(path: string, name: string, what: string): Promise<unknown> {
  const file = resolve(path);
  await access(file).catch((error: unknown) => {
    throw failure(`The module ${path} could not be read (${codeOf(error)}).`);
  });
  try {
    const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
    const found = module[name] ?? module['default'];
    const value: unknown = typeof found === 'function' ? await (found as () => unknown)() : found;
    if (value !== undefined) return value;
  } catch (error) {
    throw failure(explain(path, error));
  }
  throw failure(`The module ${path} must export ${what}, as "${name}" or by default.`);
}

/** What an application's module throws may hold a connection string, so it is left to Node to show it. */
function explain(path: string, error: unknown): string {
  const word =
    error instanceof Error && 'code' in error ? codeOf(error) : error instanceof Error ? error.name : 'error';
  if (word === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `Node ${process.version} cannot import ${path}: use Node 22.18 or later, or JavaScript.`;
  }
  const shown = /^\w{1,64}$/.test(word) ? word : 'error';
  return `The module ${path} could not be loaded (${shown}). "node ${path}" may show why.`;
}
