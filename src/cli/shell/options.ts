/** An option of the command line, for parser and help. */
export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  readonly multiple?: true;
  /** The value as help writes it. */
  readonly value?: string;
  readonly help: string;
}

/** Every option of every command; an option means the same in all of them. */
export const OPTIONS = {
  ring: { type: 'string', value: 'file', help: 'the sealed key ring (default: $HOLDFAST_RING)' },
  'passphrase-file': { type: 'string', value: 'file', help: 'opens the ring: a passphrase (or $HOLDFAST_PASSPHRASE)' },
  'kek-file': { type: 'string', value: 'file', help: 'opens the ring: 32 bytes, raw or in base64url' },
  wrapper: { type: 'string', value: 'module', help: 'opens the ring: a module that exports a KeyWrapper' },
  'to-passphrase-file': { type: 'string', multiple: true, value: 'file', help: 'seal for this passphrase; repeatable' },
  'to-kek-file': { type: 'string', multiple: true, value: 'file', help: 'seal for this key; repeatable' },
  'to-wrapper': { type: 'string', multiple: true, value: 'module', help: 'seal for this KeyWrapper; repeatable' },
  client: { type: 'string', value: 'module', help: 'a module that exports the SessionClient' },
  config: { type: 'string', value: 'file', help: 'the configuration (default: $HOLDFAST_CONFIG, ./holdfast.config.*)' },
  kid: { type: 'string', value: 'kid', help: 'the key: its kid, or the first 8 characters or more' },
  use: {
    type: 'string',
    value: 'data|index',
    help: 'seals sessions (data, the default), or finds them by user (index)',
  },
  suite: { type: 'string', value: 'suite', help: 'XAES-256-GCM (default) or A256GCM' },
  'ring-version': {
    type: 'string',
    value: 'n',
    help: 'version of the new ring, above that of a lost one (default: 1)',
  },
  timeout: { type: 'string', value: 'duration', help: 'how long to wait for nodes that lag behind (default: 1m)' },
  force: { type: 'boolean', help: 'check neither fleet nor sessions' },
  removed: { type: 'boolean', help: 'the ring no longer has this key (give the whole kid)' },
  'max-age': { type: 'string', value: 'duration', help: 'report a key that has been active for longer' },
  yes: { type: 'boolean', help: 'do not ask for confirmation' },
  user: { type: 'string', value: 'id', help: 'the user; - reads the id from stdin, or asks for it' },
  handle: { type: 'string', value: 'handle', help: 'the session, by its public name' },
  all: { type: 'boolean', help: 'every session of the namespace' },
  'batch-size': { type: 'string', value: 'n', help: 'sessions that one statement looks for (default: 1000)' },
  concurrency: { type: 'string', value: 'n', help: 'sessions worked on at once (default: 16)' },
  'sessions-per-second': { type: 'string', value: 'n', help: 'at most this many (default: no limit)' },
  cursor: { type: 'string', value: 'cursor', help: 'continue where an earlier run ended' },
  'destroy-revoked': { type: 'boolean', help: 'end the sessions that a revoked key seals' },
  'revoked-retention': {
    type: 'string',
    value: 'duration',
    help: 'how long rows of destroyed sessions stay (default: 24h)',
  },
  duration: { type: 'string', value: 'duration', help: 'how long to measure (default: 2m)' },
  data: { type: 'string', value: 'file', help: 'the data of each session: JSON' },
  exact: { type: 'boolean', help: 'look at every row, however many there are' },
  from: { type: 'string', value: 'module', help: 'a module that exports importFrom, with the old store' },
  move: { type: 'boolean', help: 'delete each session from the old store once it is imported' },
  'dry-run': { type: 'boolean', help: 'only count' },
  progress: { type: 'boolean', help: 'with --json: one line of JSON after each batch, then the result' },
  sql: { type: 'boolean', help: 'only the SQL' },
  prisma: { type: 'boolean', help: 'only the Prisma models' },
  partitions: { type: 'string', value: 'n', help: 'split the table of the sessions' },
  json: { type: 'boolean', help: 'one JSON document on stdout' },
  help: { type: 'boolean', help: 'show this help' },
} as const;

export type OptionName = keyof typeof OPTIONS;

/** True if options of this command may stand in the environment or in a configuration file instead. */
export function takesSettings({ options }: { readonly options: readonly OptionName[] }): boolean {
  return options.includes('client') || options.includes('ring');
}

/** Returns the options that a command takes besides its own. */
export function commonOptionsOf(command: { readonly options: readonly OptionName[] }): readonly OptionName[] {
  return takesSettings(command) ? ['config', 'json', 'help'] : ['json', 'help'];
}

export const RING_OPTIONS = ['ring', 'passphrase-file', 'kek-file', 'wrapper'] as const;
export const FLEET_OPTIONS = ['client', 'timeout', 'force', 'yes'] as const;
export const RECIPIENT_OPTIONS = ['to-passphrase-file', 'to-kek-file', 'to-wrapper'] as const;
export const WALK_OPTIONS = [
  'client',
  'batch-size',
  'concurrency',
  'sessions-per-second',
  'cursor',
  'progress',
] as const;

/** The values of `--use` and `--suite`. */
export const PURPOSES = ['data', 'index'] as const;
export const SUITES = ['XAES-256-GCM', 'A256GCM'] as const;
