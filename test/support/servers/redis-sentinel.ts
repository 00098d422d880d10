import { randomBytes } from 'node:crypto';
import { createAuthority, type ServerCertificates } from './certificates.ts';
import { freePorts, whilePortsAreTaken } from './ports.ts';
import type { Provider } from './provider.ts';
import { type Account, newAccount } from './redis-config.ts';
import type { FilesFor, RedisFlavour } from './redis-machine.ts';
import { MASTER_NAME, sentinelFiles, type SentinelPlan, watchedServerFiles } from './redis-sentinel-files.ts';
import { launchPeer, redisFlavours, RedisServer } from './redis.ts';
import { until } from './until.ts';

export interface SentinelOptions {
  /** @defaultValue the first of `redisFlavours()` */
  readonly flavour?: RedisFlavour;
  /** The application's ACL covers the keys `<namespace>:*`; may hold a glob. @defaultValue `holdfast` */
  readonly namespace?: string;
  /** @defaultValue 1 */
  readonly replicas?: number;
  /** After so long without an answer a sentinel holds the master for down. @defaultValue 1,000 */
  readonly downAfterMs?: number;
  /** More configuration for the watched servers. */
  readonly directives?: Readonly<Record<string, string>>;
  /** @defaultValue a new authority's */
  readonly certificates?: ServerCertificates;
}

/** All that a client needs, as plain data that can cross a process boundary. */
export interface SentinelCoordinates extends Account {
  readonly flavour: RedisFlavour;
  readonly provider: Provider;
  /** The master's, among the sentinels. */
  readonly name: string;
  /** `rediss://host:port` of the sentinels, without user and password. */
  readonly urls: readonly string[];
  /** The application's account on the sentinels; `username` and `password` are those on the servers. */
  readonly sentinel: Account;
  /** The Sentinels' own account on the servers. */
  readonly watcher: Account;
  readonly ca: string;
  readonly admin: Account;
}

/** A master, its replicas and three sentinels of our own: TLS on all ways, ACL users only. Well under a second. */
export async function startRedisSentinel(options: SentinelOptions = {}): Promise<RedisSentinel> {
  const certificates = options.certificates ?? (await (await createAuthority()).issue());
  return whilePortsAreTaken(async () => {
    const set = await prepare(options, certificates);
    try {
      await set.start();
      return set;
    } catch (error) {
      await set.stop();
      throw error;
    }
  });
}

const SENTINELS = 3;

async function prepare(options: SentinelOptions, certificates: ServerCertificates): Promise<RedisSentinel> {
  const replicas = options.replicas ?? 1;
  const flavour = options.flavour ?? redisFlavours()[0] ?? 'redis';
  const ports = await freePorts(1 + replicas + SENTINELS);
  const plan: SentinelPlan = {
    servers: ports.slice(SENTINELS).map((port) => ({ port })),
    sentinels: ports.slice(0, SENTINELS).map((port) => ({ port, id: randomBytes(20).toString('hex') })),
    accounts: {
      admin: newAccount('harness'),
      application: newAccount('shop'),
      replication: newAccount('replication'),
      watcher: newAccount('sentinel'),
      peer: newAccount('peer'),
      asker: newAccount('holdfast'),
    },
    keyPattern: `${options.namespace ?? 'holdfast'}:*`,
    certificates,
    downAfterMs: options.downAfterMs ?? 1_000,
    directives: options.directives ?? {},
  };
  const { admin, application, asker } = plan.accounts;
  const launch = async (account: Account, port: number, files: FilesFor, args: string[] = []): Promise<RedisServer> => {
    const machine = await launchPeer(flavour, port, files, args);
    const { host, provider } = machine;
    const url = `rediss://${account.username}:${account.password}@${host}:${port}`;
    const coordinates = { ...account, flavour, provider, host, port, url, ca: certificates.ca, admin };
    return new RedisServer(machine, coordinates, { verify: true });
  };
  const servers = await Promise.all(
    plan.servers.map(({ port }, at) => launch(application, port, watchedServerFiles(plan, at))),
  );
  const sentinels = await Promise.all(
    plan.sentinels.map(({ port }, at) => launch(asker, port, sentinelFiles(plan, at), ['--sentinel'])),
  );
  return new RedisSentinel(servers, sentinels, {
    ...application,
    flavour,
    provider: servers[0]?.provider ?? 'local',
    name: MASTER_NAME,
    urls: sentinels.map(({ host, port }) => `rediss://${host}:${port}`),
    sentinel: asker,
    watcher: plan.accounts.watcher,
    ca: certificates.ca,
    admin,
  });
}

export class RedisSentinel implements AsyncDisposable {
  /** The first is the master at first. Each may be paused, resumed, killed and started, as may the sentinels. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  readonly coordinates: SentinelCoordinates;

  constructor(servers: readonly RedisServer[], sentinels: readonly RedisServer[], coordinates: SentinelCoordinates) {
    this.servers = servers;
    this.sentinels = sentinels;
    this.coordinates = coordinates;
  }

  get urls(): readonly string[] {
    return this.coordinates.urls;
  }
  get ca(): string {
    return this.coordinates.ca;
  }
  get username(): string {
    return this.coordinates.username;
  }
  get password(): string {
    return this.coordinates.password;
  }

  server(at: number): RedisServer {
    const server = this.servers[at];
    if (!server) throw new RangeError(`there is no server ${at}`);
    return server;
  }

  sentinel(at: number): RedisServer {
    const sentinel = this.sentinels[at];
    if (!sentinel) throw new RangeError(`there is no sentinel ${at}`);
    return sentinel;
  }

  async start(): Promise<void> {
    await Promise.all([...this.servers, ...this.sentinels].map((server) => server.start()));
    await this.whenReady();
  }

  /** Waits until each sentinel knows the others and all replicas, and the replicas are in step. */
  async whenReady({ timeoutMs = 10_000 } = {}): Promise<void> {
    const knowsAll = (sentinel: RedisServer) =>
      until(() => this.#knowsAll(sentinel), { what: 'a sentinel to know all', timeoutMs });
    await Promise.all([
      ...this.sentinels.map(knowsAll),
      until(() => this.replicasAreInStep(), { what: 'the replicas to be in step', timeoutMs }),
    ]);
  }

  async #knowsAll(sentinel: RedisServer): Promise<boolean> {
    const master = fields(await sentinel.cli('SENTINEL', 'MASTER', MASTER_NAME));
    if (master.get('num-other-sentinels') !== `${SENTINELS - 1}` || master.get('flags') !== 'master') return false;
    const replicas = ((await sentinel.cli('SENTINEL', 'REPLICAS', MASTER_NAME)) as unknown[]).map(fields);
    // A replica whose INFO the sentinel has not read, which names its run, is not promoted.
    const known = replicas.filter((replica) => replica.get('flags') === 'slave' && replica.get('runid'));
    return known.length === this.servers.length - 1;
  }

  /** One server is the master, and all others are in step with theirs; an old master takes 10 s to give in. */
  async replicasAreInStep(): Promise<boolean> {
    const states = await Promise.all(this.servers.map((server) => server.cli('INFO', 'replication')));
    const inStep = states.filter((state) => String(state).includes('master_link_status:up'));
    return inStep.length === this.servers.length - 1;
  }

  /** The server that this sentinel names. */
  async master(sentinel: RedisServer = this.sentinel(0)): Promise<RedisServer> {
    const [, port] = (await sentinel.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME)) as [string, string];
    const server = this.servers.find((candidate) => candidate.port === Number(port));
    if (!server) throw new Error('the sentinel names a server that is not of this harness');
    return server;
  }

  /** Asks a sentinel for a planned fail-over, and waits until it has ended; returns the new master. */
  async failover(sentinel: RedisServer = this.sentinel(0)): Promise<RedisServer> {
    const before = await this.master(sentinel);
    // Refused for a while after the last one, until the sentinel has seen the replica anew.
    const order = (): Promise<unknown> => sentinel.cli('SENTINEL', 'FAILOVER', MASTER_NAME);
    await until(order, { what: 'the sentinel to begin the fail-over', timeoutMs: 30_000 });
    const after = await this.whenMasterIsNot(before, sentinel);
    // It names the new master before it has ended. Were that one to die now, it would wait for it for ever.
    await until(() => this.#watches(sentinel, after), { what: 'the fail-over to end' });
    return after;
  }

  async #watches(sentinel: RedisServer, server: RedisServer): Promise<boolean> {
    const master = fields(await sentinel.cli('SENTINEL', 'MASTER', MASTER_NAME));
    return master.get('port') === `${server.port}` && master.get('flags') === 'master';
  }

  /** Waits until this sentinel names another master than `before`, which is returned. */
  whenMasterIsNot(before: RedisServer, sentinel: RedisServer = this.sentinel(0)): Promise<RedisServer> {
    const another = async (): Promise<RedisServer | null> => {
      const master = await this.master(sentinel);
      return master === before ? null : master;
    };
    return until(another, { what: 'the sentinel to name another master', timeoutMs: 30_000 });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((server) => server.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function fields(reply: unknown): Map<string, string> {
  const list = reply as string[];
  return new Map(list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? '']] : [])));
}
