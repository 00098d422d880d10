import { readdir, readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { ConfigurationError } from '../../errors.ts';
import { codeOf } from '../../keys/file/ring-file.ts';
import { requireOptions } from '../../option-checks.ts';
import { failure } from '../shell/exit.ts';
import { importExport } from '../shell/import-module.ts';
import { isSecret, kindOf, SETTING_NAMES, type SettingName } from './setting-names.ts';

const NAME = 'holdfast.config';
/** The endings of a configuration file. JSON runs no code. */
const ENDINGS = ['.ts', '.mts', '.mjs', '.js', '.json'];

/** The settings of a file; paths in it are resolved against its folder. A module may give a value in place of a path. */
export type FileSettings = Readonly<Partial<Record<SettingName, unknown>>>;

/** The configuration file of a run. */
export interface ConfigFile {
  readonly path: string;
  readonly settings: FileSettings;
}

/** Reads the named file, or the one in the working directory; undefined if there is none. */
export async function readConfigFile(named: string | undefined): Promise<ConfigFile | undefined> {
  const path = named ?? (await findFile());
  if (path === undefined) return undefined;
  if (!ENDINGS.includes(extname(path))) throw failure(`The configuration ${path} must end in ${ENDINGS.join(', ')}.`);
  const given = extname(path) === '.json' ? await readJson(path) : await importExport(path, 'default', 'settings');
  return { path, settings: checked(path, given) };
}

async function findFile(): Promise<string | undefined> {
  const entries: readonly string[] = await readdir('.').catch(() => []);
  const [path, other] = ENDINGS.map((ending) => `${NAME}${ending}`).filter((name) => entries.includes(name));
  if (other !== undefined) throw failure(`There is ${path} as well as ${other}: name one of them with --config.`);
  return path;
}

/** Reads JSON. The error does not quote it, as V8's would: it may hold a password. */
async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw failure(`The configuration ${path} could not be read (${codeOf(error)}).`);
  });
  try {
    return JSON.parse(text);
  } catch {
    throw failure(`The configuration ${path} is not JSON.`);
  }
}

function checked(path: string, given: unknown): FileSettings {
  const names = SETTING_NAMES.filter((name) => !isSecret(name));
  const settings = requireOptions<object>(path, given as object, names);
  const values = new Map<string, unknown>(Object.entries(settings));
  return Object.fromEntries(
    names.filter((name) => values.get(name) !== undefined).map((name) => [name, valueOf(path, name, values.get(name))]),
  );
}

function valueOf(path: string, name: SettingName, value: unknown): unknown {
  const kind = kindOf(name);
  if (typeof value === 'string' && value !== '') return kind === 'text' ? value : resolve(dirname(path), value);
  if (kind === 'module' && (typeof value === 'object' || typeof value === 'function') && extname(path) !== '.json') {
    return value;
  }
  throw new ConfigurationError(
    `${path}: ${name}: expected a text${kind === 'module' ? ', or what the module exports' : ''}.`,
  );
}
