import type { Redis } from 'ioredis';
import { createAuthority, type ServerCertificates } from './certificates.ts';
import { HOST_INSIDE } from './docker.ts';
import { withFreePort } from './ports.ts';
import { choiceOf, firstAvailable, type Provider } from './provider.ts';
import { asAdmin, dumpKeys, type KeySnapshot, putBack, takeSnapshot } from './redis-admin.ts';
import type { FilesFor, RedisFlavour, RedisMachine } from './redis-machine.ts';
import { type Account, aclFile, newAccount, redisConfig } from './redis-config.ts';
import { launchRedisContainer, launchRedisPeer } from './redis-docker.ts';
import { launchRedisPeerProcess, launchRedisProcess } from './redis-local.ts';
import { onPath } from './server-process.ts';
import { until } from './until.ts';

export type { RedisFlavour } from './redis-machine.ts';

export interface RedisOptions {
  /** @defaultValue the first of {@link redisFlavours} */
  readonly flavour?: RedisFlavour;
  /** The application's ACL covers the keys `<namespace>:*`; may hold a glob. @defaultValue `holdfast` */
  readonly namespace?: string;
  /** More configuration, such as `{ maxmemory: '4mb', 'maxmemory-policy': 'noeviction' }`. */
  readonly directives?: Readonly<Record<string, string>>;
  /** Listen without TLS: only for the test that such a server is refused. */
  readonly plaintext?: boolean;
  /** An expired or foreign certificate, for the tests of refusal. @defaultValue a new authority's */
  readonly certificates?: ServerCertificates;
  /** The application's, so that it can be led from one server to another without noticing. @defaultValue a new one */
  readonly application?: Account;
  /** @defaultValue any free port */
  readonly port?: number;
}

/** The servers that this machine can start without Docker, or both when Docker has to do it; one, where `HOLDFAST_TEST_REDIS` names it. */
export function redisFlavours(): readonly RedisFlavour[] {
  const { image } = choiceOf('REDIS');
  if (image !== undefined) return [image.includes('valkey') ? 'valkey' : 'redis'];
  const all = ['redis', 'valkey'] as const;
  const installed =
    process.env['HOLDFAST_TEST_PROVIDER'] === 'docker' ? [] : all.filter((name) => onPath(`${name}-server`));
  return installed.length > 0 ? installed : all;
}

/** All that a client needs, as plain data that can cross a process boundary. */
export interface RedisCoordinates extends Account {
  readonly flavour: RedisFlavour;
  readonly provider: Provider;
  readonly host: string;
  readonly port: number;
  /** `rediss://…` with user and password; the CA is not part of it. */
  readonly url: string;
  /** PEM of the authority that vouches for the server; undefined when it speaks plaintext. */
  readonly ca: string | undefined;
  readonly admin: Account;
}

/** Starts a Redis or Valkey of our own: TLS only, ACL users only, own port, own folder. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const certificates = options.certificates ?? (await (await createAuthority()).issue());
  return withFreePort(options.port, async (port) => {
    const server = await prepare(options, certificates, port);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  });
}

/** One server of several that know one another by host and port: a node of a cluster, a Sentinel, a server that it watches. */
export function launchPeer(
  flavour: RedisFlavour,
  port: number,
  files: FilesFor,
  options: readonly string[] = [],
): Promise<RedisMachine> {
  const providers = {
    local: () => launchRedisPeerProcess(flavour, port, files, options),
    docker: () => launchRedisPeer(flavour, port, files, options),
  };
  return firstAvailable<RedisMachine>(flavour, providers, choiceOf('REDIS'));
}

async function prepare(options: RedisOptions, certificates: ServerCertificates, port: number): Promise<RedisServer> {
  const flavour = options.flavour ?? redisFlavours()[0] ?? 'redis';
  const plaintext = options.plaintext ?? false;
  const admin = newAccount('harness');
  const application = options.application ?? newAccount('shop');
  const files: FilesFor = (site) => ({
    'server.conf': redisConfig({ ...site, plaintext, directives: options.directives ?? {} }),
    'users.acl': aclFile({ admin, application, keyPattern: `${options.namespace ?? 'holdfast'}:*` }),
    'server.crt': certificates.certificate,
    'server.key': certificates.privateKey,
    'ca.crt': certificates.ca,
  });
  const providers = {
    local: () => launchRedisProcess(flavour, port, files),
    docker: () => launchRedisContainer(flavour, port, files),
  };
  const machine = await firstAvailable<RedisMachine>(flavour, providers, choiceOf('REDIS'));
  const scheme = plaintext ? 'redis' : 'rediss';
  const coordinates: RedisCoordinates = {
    ...application,
    flavour,
    provider: machine.provider,
    host: machine.host,
    port,
    url: `${scheme}://${application.username}:${application.password}@${machine.host}:${port}`,
    ca: plaintext ? undefined : certificates.ca,
    admin,
  };
  return new RedisServer(machine, coordinates, { verify: options.certificates === undefined });
}

export class RedisServer implements RedisCoordinates, AsyncDisposable {
  readonly #machine: RedisMachine;
  readonly #verify: boolean;
  readonly coordinates: RedisCoordinates;

  constructor(machine: RedisMachine, coordinates: RedisCoordinates, { verify }: { verify: boolean }) {
    this.#machine = machine;
    this.#verify = verify;
    this.coordinates = coordinates;
  }

  get flavour(): RedisFlavour {
    return this.coordinates.flavour;
  }
  get provider(): Provider {
    return this.coordinates.provider;
  }
  get host(): string {
    return this.coordinates.host;
  }
  /** The host under which other servers reach this one. */
  get hostForServers(): string {
    return this.provider === 'docker' ? HOST_INSIDE : this.host;
  }
  get port(): number {
    return this.coordinates.port;
  }
  get url(): string {
    return this.coordinates.url;
  }
  get ca(): string | undefined {
    return this.coordinates.ca;
  }
  get username(): string {
    return this.coordinates.username;
  }
  get password(): string {
    return this.coordinates.password;
  }
  get admin(): Account {
    return this.coordinates.admin;
  }
  get dir(): string {
    return this.#machine.dir;
  }
  /** Undefined in a container. */
  get pid(): number | undefined {
    return this.#machine.pid;
  }

  /** Freezes the server: sockets stay open, nothing is answered. */
  pause(): Promise<void> {
    return this.#machine.pause();
  }

  /** Thaws it: what arrived meanwhile is executed now. */
  resume(): Promise<void> {
    return this.#machine.resume();
  }

  /** SIGKILL; the data on disk stays as it was last saved. */
  kill(): Promise<void> {
    return this.#machine.kill();
  }

  /** Kills the server if it runs, and starts it on the same port with what is on disk, or with nothing. */
  async restart(options: { readonly wipe?: boolean } = {}): Promise<void> {
    await this.#machine.kill();
    await this.start(options);
  }

  /** Starts a server that was killed. */
  async start(options: { readonly wipe?: boolean } = {}): Promise<void> {
    await this.#machine.launch({ wipe: options.wipe ?? false });
    const ready = until(async () => (await this.cli('PING')) === 'PONG', { what: `${this.flavour} to answer` });
    await this.#machine.whenReady(ready);
  }

  /** Writes a snapshot now: `save()`, change things, `restart()` is a server that came back with old data. */
  async save(): Promise<void> {
    await this.cli('SAVE');
  }

  /** Everything it holds, for `rollBack`. */
  snapshot(): Promise<KeySnapshot> {
    return this.asAdmin(takeSnapshot);
  }

  /** Restores what the server held then, without a restart: the same incarnation. */
  async rollBack(snapshot: KeySnapshot): Promise<void> {
    await this.asAdmin((admin) => putBack(admin, snapshot));
  }

  async config(name: string, value: string): Promise<void> {
    await this.cli('CONFIG', 'SET', name, value);
  }

  /** One command as the administrator. */
  cli(command: string, ...args: (string | Buffer | number)[]): Promise<unknown> {
    return this.asAdmin((admin) => admin.call(command, ...args));
  }

  /** Several commands as the administrator, over one connection that is closed afterwards. */
  asAdmin<T>(errand: (admin: Redis) => Promise<T>): Promise<T> {
    return asAdmin({ ...this.coordinates, verify: this.#verify }, this.admin, errand);
  }

  /** How often it has executed these commands since it started. */
  async calls(...commands: string[]): Promise<number> {
    const info = String(await this.cli('INFO', 'commandstats'));
    return [...info.matchAll(/^cmdstat_(\S+):calls=(\d+)/gm)]
      .filter(([, name = '']) => commands.includes(name))
      .reduce((sum, [, , calls]) => sum + Number(calls), 0);
  }

  /** Everything the server holds, in memory and on disk, as bytes in which to look for a canary. */
  async dump(): Promise<Buffer> {
    const keys = await this.asAdmin(async (admin) => {
      await admin.save();
      return dumpKeys(admin);
    });
    return Buffer.concat([...keys, await this.#machine.dataFiles()]);
  }

  async stop(): Promise<void> {
    await this.#machine.kill();
    await this.#machine.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
