import type { Arguments } from '../shell/arguments.ts';
import { usageError } from '../shell/exit.ts';
import type { OptionName } from '../shell/options.ts';
import { readConfigFile, type ConfigFile, type FileSettings } from './config-file.ts';
import { optionOf, SETTING_NAMES, SETTINGS, variableOf, type SettingName } from './setting-names.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of a run: an option has precedence over the environment, and that over the configuration file. */
export class Settings {
  /** The configuration file; undefined if there is none. */
  readonly file: ConfigFile | undefined;
  /** The strongest first. */
  readonly #sources: readonly FileSettings[];

  constructor(args: Pick<Arguments, 'text'>, env: Environment, file?: ConfigFile) {
    this.file = file;
    this.#sources = [
      sourceOf((name) => textOf(args, optionOf(name))),
      // An empty variable counts as none, as shells and containers set them.
      sourceOf((name) => env[variableOf(name)] || undefined),
      file?.settings ?? {},
    ];
  }

  /** Returns a text, or a path that holds from the working directory. */
  text(name: SettingName): string | undefined {
    const value = this.value(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** Returns a setting, which may be what a module exports. */
  value(name: SettingName): unknown {
    return this.#sources.find((source) => source[name] !== undefined)?.[name];
  }

  has(name: SettingName): boolean {
    return this.value(name) !== undefined;
  }

  required(name: SettingName): string {
    const value = this.text(name);
    if (value === undefined || value === '') throw missing(name);
    return value;
  }

  /** Returns the settings of the strongest source that has any of these. */
  together<Name extends SettingName>(names: readonly Name[]): Readonly<Partial<Record<Name, unknown>>> {
    const source = this.#sources.find((each) => names.some((name) => each[name] !== undefined)) ?? {};
    return Object.fromEntries(names.map((name) => [name, source[name]])) as Partial<Record<Name, unknown>>;
  }
}

/** Reads the configuration file of a run, if there is one. */
export async function readSettings(args: Arguments, env: Environment): Promise<Settings> {
  return new Settings(args, env, await readConfigFile(args.text('config') ?? (env['HOLDFAST_CONFIG'] || undefined)));
}

/** The error for a setting that nothing names. */
function missing(name: SettingName): Error {
  const option = optionOf(name);
  const places = `${option === undefined ? '' : `--${option}, `}$${variableOf(name)}, or "${name}" in the configuration file`;
  return usageError(`${name} is missing (${SETTINGS[name].help}): give ${places}.`);
}

function sourceOf(read: (name: SettingName) => string | undefined): FileSettings {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, read(name)]));
}

function textOf(args: Pick<Arguments, 'text'>, option: OptionName | undefined): string | undefined {
  return option === undefined ? undefined : args.text(option);
}
