import { OPTIONS, type OptionName, type OptionSpec } from '../shell/options.ts';

/** The kinds of a setting: a path is resolved against the folder that its source stands for; a module's export may be given in its place. */
export type SettingKind = 'module' | 'path' | 'text';

/**
 * Every setting; a `secret` one has no place in the configuration file. Its name in the configuration file is here; the environment and the options of the command line spell
 * it HOLDFAST_PASSPHRASE_FILE and --passphrase-file.
 */
export const SETTINGS = {
  client: { kind: 'module', help: 'a module that exports the SessionClient' },
  ring: { kind: 'path', help: 'the sealed key ring' },
  passphraseFile: { kind: 'path', help: 'opens the ring: a passphrase' },
  kekFile: { kind: 'path', help: 'opens the ring: 32 bytes, raw or in base64url' },
  wrapper: { kind: 'module', help: 'opens the ring: a module that exports a KeyWrapper' },
  passphrase: { kind: 'text', help: 'opens the ring', secret: true },
  namespace: { kind: 'text', help: 'the namespace of the sessions' },
  redisUrl: { kind: 'text', help: 'rediss://host:port' },
  redisUsername: { kind: 'text', help: 'the user at Redis' },
  redisPasswordFile: { kind: 'path', help: 'its password' },
  redisPassword: { kind: 'text', help: 'its password', secret: true },
  redisCaFile: { kind: 'path', help: 'the authorities of its certificate, PEM' },
  redisCertFile: { kind: 'path', help: 'a client certificate, PEM' },
  redisKeyFile: { kind: 'path', help: 'the key of the client certificate, PEM' },
  provider: { kind: 'text', help: 'mysql, postgresql or sqlite' },
  prisma: { kind: 'module', help: 'a module that exports the Prisma client' },
  table: { kind: 'text', help: 'the table of the sessions' },
  databaseUrl: { kind: 'text', help: 'the address of the database, for doctor' },
  databaseCaFile: { kind: 'path', help: 'the authorities of its certificate, for doctor' },
} as const;

export type SettingName = keyof typeof SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** The settings that open a ring. The strongest source that has any of them has them all. */
export const OPENERS = ['passphraseFile', 'kekFile', 'wrapper', 'passphrase'] as const;

export function kindOf(name: SettingName): SettingKind {
  return SETTINGS[name].kind;
}

export function isSecret(name: SettingName): boolean {
  return 'secret' in SETTINGS[name];
}

export function variableOf(name: SettingName): string {
  return `HOLDFAST_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Returns the option of the command line; undefined if there is none. */
export function optionOf(name: SettingName): OptionName | undefined {
  const spelling = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const options: Readonly<Record<string, OptionSpec>> = OPTIONS;
  // `--prisma` of another command is a flag.
  return options[spelling]?.type === 'string' ? (spelling as OptionName) : undefined;
}
