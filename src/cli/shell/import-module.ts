import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isHoldfastError } from '../../errors.ts';
import { codeOf } from '../../keys/file/ring-file.ts';
import { failure } from './exit.ts';

/** Returns what a setting names: the export of the module at a path, or the value itself; if that is a function, its result. */
export async function exported(named: unknown, name: string, what: string): Promise<unknown> {
  if (typeof named === 'string') return importExport(named, name, what);
  if (typeof named !== 'function') return named;
  try {
    return await (named as () => unknown)();
  } catch (error) {
    throw failure(`A function of the configuration that returns ${what} failed (${wordOf(error)}).`);
  }
}

/**
 * Returns the export of an application's module with this name, or its default export; if that is a function, its
 * result. The running Node imports it, so a `.ts` file needs one that strips types.
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

/** Explains a failed import: in the library's words, which hold no secret, and without those of others, which may hold a connection string. */
function explain(path: string, error: unknown): string {
  if (isHoldfastError(error)) return `The module ${path} could not be loaded. ${error.message}`;
  const word = wordOf(error);
  if (word === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return `Node ${process.version} cannot import ${path}: use Node 22.18 or later, or JavaScript.`;
  }
  return `The module ${path} could not be loaded (${word}). "node ${path}" may show why.`;
}

function wordOf(error: unknown): string {
  const word =
    error instanceof Error && 'code' in error ? codeOf(error) : error instanceof Error ? error.name : 'error';
  return /^\w{1,64}$/.test(word) ? word : 'error';
}
