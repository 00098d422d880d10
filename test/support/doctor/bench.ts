import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { PrismaPg } from '@prisma/adapter-pg';
import { Client } from 'pg';
import { Settings } from '../../../src/cli/config/settings.ts';
import { findingsIn } from '../../../src/cli/doctor/check.ts';
import { collect } from '../../../src/cli/doctor/collect.ts';
import type { Finding } from '../../../src/cli/doctor/findings.ts';
import { generateKeyRing, keyRingFile, SessionClient, type KeyRing, type KeySource } from '../../../src/index.ts';
import { systemPlatform, type Platform } from '../../../src/platform/platform.ts';
import type { DurableTier } from '../../../src/tiers/durable.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { redisTier, type RedisServerOptions } from '../../../src/tiers/redis/index.ts';
import { KEK } from '../ring-fixtures.ts';
import { createAuthority, type CertificateAuthority, type IssueOptions } from '../servers/certificates.ts';
import { migrate, openPrisma, type OpenedPrisma, type OpenOptions } from '../servers/databases.ts';
import { HOST_RULES } from '../servers/postgres-machine.ts';
import { pgOptions, startPostgres, type PostgresServer } from '../servers/postgres.ts';
import { withFreePort } from '../servers/ports.ts';
import { until } from '../servers/until.ts';
import { startRedis, type RedisServer } from '../servers/redis.ts';

const run = promisify(execFile);

/** The password of the database's role for sessions. */
const PASSWORD = 'only-in-this-test';
const NAMESPACE = 'shop';

/** What differs from the healthy set-up. */
export interface Variant {
  readonly redis?: Partial<RedisServerOptions>;
  readonly database?: OpenOptions & { readonly url?: string; readonly isEncrypted?: false };
  readonly durable?: DurableTier;
  readonly keys?: KeyRing | KeySource;
  readonly namespace?: string;
  readonly platform?: Platform;
  readonly env?: Readonly<Record<string, string>>;
  readonly keyAgeMsMax?: number;
}

/** A healthy set-up on servers of its own, for faults that are planted and taken away again. */
export class DoctorBench implements AsyncDisposable {
  readonly authority: CertificateAuthority;
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  readonly folder: string;
  readonly ringPath: string;
  /** The address of the database as its role for sessions. */
  readonly databaseUrl: string;
  /** A client of the database that examinations share, unless they need connections of their own. */
  readonly #database: Promise<OpenedPrisma>;

  private constructor(parts: Pick<DoctorBench, 'authority' | 'folder' | 'postgres' | 'redis'>) {
    this.authority = parts.authority;
    this.redis = parts.redis;
    this.postgres = parts.postgres;
    this.folder = parts.folder;
    this.ringPath = join(parts.folder, 'keys.json');
    const url = new URL(parts.postgres.url);
    this.databaseUrl = Object.assign(url, { username: 'sessions', password: PASSWORD }).href;
    this.#database = this.#connect({});
  }

  static async start(): Promise<DoctorBench> {
    const authority = await createAuthority();
    const certificates = await authority.issue({ days: 25 });
    // Protected mode would refuse clients from outside of a container while the default user has no password.
    const directives = { maxmemory: '64mb', 'maxmemory-policy': 'volatile-ttl', 'protected-mode': 'no' };
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-doctor-'));
    // The database's processes read certificates from it.
    await chmod(folder, 0o755);
    const [redis, postgres] = await Promise.all([
      startRedis({ namespace: NAMESPACE, certificates, directives }),
      startPostgres({ certificates }),
    ]);
    const bench = new DoctorBench({ authority, redis, postgres, folder });
    await bench.#furnish();
    return bench;
  }

  /** True if both servers are processes of this machine. */
  get isLocal(): boolean {
    return this.redis.provider === 'local' && this.postgres.provider === 'local';
  }

  /** Makes tables of an owner, a role that may do little, a ring, and one living session. */
  async #furnish(): Promise<void> {
    const owner = Object.assign(new URL(this.postgres.adminUrl), { pathname: new URL(this.databaseUrl).pathname });
    await migrate('postgresql', owner.href, { ca: this.postgres.ca });
    await this.sql(`
      REVOKE CREATE ON SCHEMA public FROM PUBLIC;
      CREATE ROLE sessions LOGIN PASSWORD '${PASSWORD}';
      GRANT SELECT, INSERT, UPDATE, DELETE ON holdfast_session, holdfast_session_node TO sessions;
      GRANT SELECT, INSERT, UPDATE ON holdfast_session_ring TO sessions;`);
    await (await generateKeyRing()).save(this.ringPath, { kek: KEK });
    await this.withClient({}, async (client) => {
      await client.ready({ timeout: '30s' });
      await client.create({ cart: [] });
    });
  }

  /** Runs statements as the administrator of the database. */
  async sql(text: string): Promise<void> {
    const owner = Object.assign(new URL(this.postgres.adminUrl), { pathname: new URL(this.databaseUrl).pathname });
    const client = new Client({ ...pgOptions(owner.href, this.postgres.ca), ssl: { rejectUnauthorized: false } });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  }

  /** Sends a command to Redis as its administrator. */
  async command(...words: readonly [string, ...string[]]): Promise<void> {
    const [command, ...args] = words;
    await this.redis.cli(command, ...args);
  }

  /** Writes a certificate and its key, and returns their paths. Without options, a healthy one. */
  async certificate(options: IssueOptions = { days: 25 }): Promise<{ readonly crt: string; readonly key: string }> {
    const { certificate, privateKey } = await this.authority.issue(options);
    const [crt, key] = [join(this.folder, 'shown.crt'), join(this.folder, 'shown.key')];
    await rm(key, { force: true });
    await writeFile(crt, certificate);
    await writeFile(key, privateKey, { mode: 0o600 });
    return { crt, key };
  }

  /** Has the database show another certificate to new connections. */
  async showFromDatabase(options: IssueOptions): Promise<void> {
    const { crt, key } = await this.certificate(options);
    if (process.getuid?.() === 0) await run('chown', ['postgres', key]);
    for (const setting of [`ssl_cert_file = '${crt}'`, `ssl_key_file = '${key}'`])
      await this.sql(`ALTER SYSTEM SET ${setting}`);
    await this.sql('SELECT pg_reload_conf()');
    const shown = new X509Certificate(await readFile(crt)).fingerprint256;
    await until(async () => (await this.#shownByDatabase()) === shown, { what: 'the database to show it' });
  }

  async #shownByDatabase(): Promise<string | undefined> {
    const client = new Client({ ...pgOptions(this.postgres.adminUrl, ''), ssl: { rejectUnauthorized: false } });
    await client.connect();
    const { stream } = (client as unknown as { connection: { stream: TLSSocket } }).connection;
    const { fingerprint256 } = stream.getPeerCertificate();
    await client.end();
    return fingerprint256;
  }

  /** Has Redis listen at one more port, without TLS. */
  async listenInPlaintext(): Promise<number> {
    return withFreePort(undefined, async (port) => {
      await this.command('CONFIG', 'SET', 'port', String(port));
      return port;
    });
  }

  /** Runs `work` with a client of the set-up, apart from what the variant says. */
  async withClient<T>(variant: Variant, work: (client: SessionClient) => Promise<T>): Promise<T> {
    await using others = new AsyncDisposableStack();
    const database =
      variant.database === undefined ? await this.#database : others.use(await this.#connect(variant.database));
    const { username, password } = this.redis;
    const client = new SessionClient({
      keys: variant.keys ?? keyRingFile(this.ringPath, { kek: KEK }),
      primary: redisTier({
        url: `rediss://127.0.0.1:${this.redis.port}`,
        username,
        password,
        ...variant.redis,
        ...(variant.redis?.allowInsecure === true ? {} : { tls: { ca: this.authority.ca, ...variant.redis?.tls } }),
      }),
      durable: variant.durable ?? prismaTier(database.prisma, { provider: 'postgresql' }),
      namespace: variant.namespace ?? NAMESPACE,
      ...(variant.platform !== undefined && { platform: variant.platform }),
    });
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }

  #connect({ url = this.databaseUrl, ...options }: NonNullable<Variant['database']>): Promise<OpenedPrisma> {
    const { ca } = this.postgres;
    if (options.isEncrypted === false) return this.#connectInPlaintext(url);
    return openPrisma('postgresql', url, { ca, statementMs: 1_500, connections: 3, ...options });
  }

  async #connectInPlaintext(url: string): Promise<OpenedPrisma> {
    const { PrismaClient } = await import('../generated/postgresql/client.ts');
    const connectionString = Object.assign(new URL(url), { search: '' }).href;
    const prisma = new PrismaClient({
      adapter: new PrismaPg({ connectionString, ssl: false, max: 3, statement_timeout: 1_500 }),
    });
    const close = (): Promise<void> => prisma.$disconnect();
    return { prisma, close, [Symbol.asyncDispose]: close };
  }

  /** Has the database take connections without TLS, or TLS alone as before. */
  async allowPlaintext(isAllowed: boolean): Promise<void> {
    const rules = isAllowed ? ['host all all all scram-sha-256'] : HOST_RULES.trim().split('\n');
    const list = rules.map((rule) => `'${rule}'`).join(', ');
    await this.sql(`
      DO $$ BEGIN
        EXECUTE format('COPY (SELECT unnest(%L::text[])) TO %L', ARRAY[${list}], current_setting('hba_file'));
      END $$;
      SELECT pg_reload_conf();`);
    await until(async () => (await this.#takesPlaintext()) === isAllowed, { what: 'the rules to be read' });
  }

  /** Has the database follow nobody, and be read only, from now on. */
  async becomeStandby(): Promise<void> {
    await this.postgres.shutDown();
    await this.postgres.becomeStandby(null);
    await this.postgres.start();
  }

  async #takesPlaintext(): Promise<boolean> {
    const client = new Client({ ...pgOptions(this.postgres.adminUrl, ''), ssl: false });
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end();
    }
  }

  /** Makes a folder with a configuration file that describes the set-up, and the modules and files that it names. */
  async furnishFolder(): Promise<string> {
    const cwd = await mkdtemp(join(this.folder, 'cwd-'));
    const { username, password, port } = this.redis;
    const orders = { url: this.databaseUrl, options: { ca: this.postgres.ca, statementMs: 1_500 } };
    const texts = {
      kek: KEK,
      password,
      'ca.pem': this.authority.ca,
      'orders.json': JSON.stringify(orders),
      'prisma.ts': `
        import { readFileSync } from 'node:fs';
        import { openPrisma } from '${new URL('../servers/databases.ts', import.meta.url).href}';
        const { url, options } = JSON.parse(readFileSync(new URL('orders.json', import.meta.url), 'utf8'));
        export const prisma = async () => (await openPrisma('postgresql', url, options)).prisma;`,
      'holdfast.config.json': JSON.stringify({
        namespace: NAMESPACE,
        ring: this.ringPath,
        kekFile: 'kek',
        redisUrl: `rediss://127.0.0.1:${port}`,
        redisUsername: username,
        redisPasswordFile: 'password',
        redisCaFile: 'ca.pem',
        provider: 'postgresql',
        prisma: './prisma.ts',
        databaseCaFile: 'ca.pem',
        databaseUrl: Object.assign(new URL(this.databaseUrl), { password: '' }).href,
      }),
    };
    for (const [name, text] of Object.entries(texts)) await writeFile(join(cwd, name), text, { mode: 0o600 });
    return cwd;
  }

  /** The texts that no output may hold. */
  get secrets(): readonly string[] {
    return [PASSWORD, this.redis.password, 'another one', KEK.toString('base64url'), 'BEGIN'];
  }

  /** Examines the set-up. */
  examine(variant: Variant = {}): Promise<readonly Finding[]> {
    const caFile = join(this.folder, 'ca.pem');
    const env = { HOLDFAST_DATABASE_URL: this.databaseUrl, HOLDFAST_DATABASE_CA_FILE: caFile, ...variant.env };
    const settings = new Settings({ text: () => undefined }, env);
    return this.withClient(variant, async (client) => {
      await writeFile(caFile, this.authority.ca);
      return findingsIn(
        await collect({ client, settings, env, keyAgeMsMax: variant.keyAgeMsMax ?? 90 * 24 * 60 * 60_000 }),
      );
    });
  }

  /** The clock of a machine that is wrong. */
  clockAhead(ms: number): Platform {
    return Object.assign(Object.create(systemPlatform) as Platform, { now: () => systemPlatform.now() + ms });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#database).close();
    await Promise.all([this.redis.stop(), this.postgres.stop(), rm(this.folder, { recursive: true, force: true })]);
  }
}
