import { createHash, randomBytes } from 'node:crypto';

/** What the application's user may do, and nothing more: no KEYS, no FLUSHALL, no CONFIG, no look at other keys. */
export const APPLICATION_COMMANDS = '+mget +getrange +set +setrange +del +pexpire +pttl +time +eval +evalsha +info';

export interface Account {
  readonly username: string;
  readonly password: string;
}

export const newAccount = (username: string): Account => ({
  username,
  password: randomBytes(18).toString('base64url'),
});

export interface RedisUsers {
  readonly admin: Account;
  readonly application: Account;
  /** Glob of the keys that the application may touch. */
  readonly keyPattern: string;
  /** What the application may do beyond {@link APPLICATION_COMMANDS}. */
  readonly grants?: string;
  /** Lines for other users. */
  readonly others?: readonly string[];
}

/** An ACL file holds hashes only, and keeps passwords away from the command line, where `ps` would show them. */
export function aclFile({ admin, application, keyPattern, grants = '', others = [] }: RedisUsers): string {
  return [
    'user default off',
    `user ${admin.username} on #${sha256(admin.password)} ~* &* +@all`,
    `user ${application.username} on #${sha256(application.password)} resetchannels ~${keyPattern} -@all ${APPLICATION_COMMANDS} ${grants}`.trim(),
    ...others,
    '',
  ].join('\n');
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export interface RedisSettings {
  readonly port: number;
  /** Listen without TLS. Only the test of a plaintext server wants this. */
  readonly plaintext: boolean;
  /** Where the server finds its files, and where it keeps its data. */
  readonly filesDir: string;
  readonly dataDir: string;
  readonly bind: string;
  /** More directives, such as `{ maxmemory: '4mb', appendonly: 'yes' }`. */
  readonly directives: Readonly<Record<string, string>>;
}

export function redisConfig({ port, plaintext, filesDir, dataDir, bind, directives }: RedisSettings): string {
  const all: Record<string, string> = {
    bind,
    ...(plaintext ? { port: `${port}` } : tlsDirectives(port, filesDir)),
    aclfile: `${filesDir}/users.acl`,
    dir: dataDir,
    // No snapshot but the one a test asks for, and readable bytes in it, so that a canary cannot hide in compression.
    save: '""',
    rdbcompression: 'no',
    appendonly: 'no',
    loglevel: 'notice',
    daemonize: 'no',
    ...directives,
  };
  return directiveLines(all);
}

export const tlsDirectives = (port: number, filesDir: string): Record<string, string> => ({
  port: '0',
  'tls-port': `${port}`,
  'tls-cert-file': `${filesDir}/server.crt`,
  'tls-key-file': `${filesDir}/server.key`,
  'tls-ca-cert-file': `${filesDir}/ca.crt`,
  'tls-auth-clients': 'no',
});

export const directiveLines = (directives: Readonly<Record<string, string>>): string =>
  Object.entries(directives)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
