import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, type ServerCertificates } from './certificates.ts';
import { migrate } from './databases.ts';
import { FaultProxy } from './fault-proxy.ts';
import {
  ADMIN,
  etcdArguments,
  haproxyConfiguration,
  HOST,
  patroniConfiguration,
  type PatroniPlace,
  type PatroniSetup,
  TIMINGS,
} from './patroni-files.ts';
import { freePorts, whilePortsAreTaken } from './ports.ts';
import { asPostgresAdmin, createDatabase, hasStandbys, type PostgresCoordinates } from './postgres.ts';
import { ACCOUNT, accountForRoot, findBinaries } from './postgres-local.ts';
import { ServerProcess, signalFamily } from './server-process.ts';
import { until } from './until.ts';

const PROGRAMS = { patroni: '/usr/bin/patroni', etcd: '/usr/bin/etcd', haproxy: '/usr/sbin/haproxy' };
const APPLICATION = 'shop';
const NODES = 2;
const WITHIN = { timeoutMs: 90_000 };

export interface PatroniOptions {
  readonly synchronous: boolean;
  /** The standby receives everything this much later. @defaultValue 0 */
  readonly lagMs?: number;
}

export const hasPatroni = (): boolean => Object.values(PROGRAMS).every((file) => existsSync(file)) && hasStandbys();

/** Starts etcd, two PostgreSQL under Patroni, and HAProxy before them, with the session tables in one database. */
export async function startPatroni(options: PatroniOptions): Promise<PatroniCluster> {
  const certificates = await (await createAuthority()).issue();
  return whilePortsAreTaken(async () => {
    const cluster = await PatroniCluster.prepare(options, certificates);
    try {
      await cluster.start();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  });
}

export class PatroniCluster implements AsyncDisposable {
  readonly #dir: string;
  readonly #etcd: ServerProcess;
  readonly #haproxy: ServerProcess;
  readonly nodes: readonly PatroniNode[];
  /** Through HAProxy, which leads to the primary. */
  readonly coordinates: PostgresCoordinates;

  private constructor(
    dir: string,
    etcd: ServerProcess,
    haproxy: ServerProcess,
    nodes: readonly PatroniNode[],
    coordinates: PostgresCoordinates,
  ) {
    this.#dir = dir;
    this.#etcd = etcd;
    this.#haproxy = haproxy;
    this.nodes = nodes;
    this.coordinates = coordinates;
  }

  static async prepare(options: PatroniOptions, certificates: ServerCertificates): Promise<PatroniCluster> {
    const dir = await mkdtemp(join(tmpdir(), 'holdfast-patroni-'));
    const [etcdPort = 0, peerPort = 0, door = 0, ...ports] = await freePorts(3 + 2 * NODES);
    const passwords = { admin: secret(), replicator: secret() };
    const setup = { etcdPort, binaries: findBinaries(), synchronous: options.synchronous, passwords };
    const nodes = await Promise.all(
      Array.from({ length: NODES }, (_, at) =>
        PatroniNode.prepare(join(dir, `node-${at + 1}`), ports.slice(2 * at), setup, certificates, options.lagMs),
      ),
    );
    const proxyFile = join(dir, 'haproxy.cfg');
    await writeFile(
      proxyFile,
      haproxyConfiguration(
        door,
        nodes.map(({ place }) => place),
      ),
    );
    await handOver(dir, '', 'haproxy.cfg');
    const etcd = launch(dir, 'etcd', etcdArguments(dir, etcdPort, peerPort));
    const haproxy = launch(dir, 'haproxy', ['-db', '-f', proxyFile]);
    return new PatroniCluster(dir, etcd, haproxy, nodes, coordinatesOf(door, passwords.admin, certificates.ca));
  }

  /** Where the application reaches its database. */
  get url(): string {
    return this.coordinates.url;
  }

  get ca(): string {
    return this.coordinates.ca;
  }

  async start(): Promise<void> {
    const [first, ...others] = this.nodes;
    await first!.start();
    await first!.whenRole('primary');
    const starts = others.map((node) => node.start());
    await until(() => asPostgresAdmin(this.coordinates, 'SELECT 1'), { what: 'HAProxy to lead to it', ...WITHIN });
    const { password } = this.coordinates;
    await asPostgresAdmin(this.coordinates, `CREATE ROLE ${APPLICATION} LOGIN PASSWORD '${password}'`);
    await migrate('postgresql', await createDatabase(this.coordinates, APPLICATION), { ca: this.ca });
    await Promise.all(starts);
    await this.whenComplete();
    await (await this.leader()).ask('PATCH', '/config', TIMINGS);
  }

  async leader(): Promise<PatroniNode> {
    const roles = await Promise.all(this.nodes.map((node) => node.hasRole('primary')));
    const node = this.nodes[roles.indexOf(true)];
    if (!node) throw new Error('The cluster has no leader.');
    return node;
  }

  /** Resolves when there is a leader that the other node follows, and may be replaced by. */
  async whenComplete(): Promise<void> {
    const isComplete = async (): Promise<boolean> => {
      const leader = await this.leader();
      const others = this.nodes.filter((node) => node !== leader);
      return (await Promise.all(others.map((node) => node.hasRole(leader.standbyRole)))).every(Boolean);
    };
    await until(isComplete, { what: 'the cluster to be complete', ...WITHIN });
  }

  /** Hands over as planned, and resolves when Patroni says that it has. */
  async switchOver(): Promise<void> {
    const leader = await this.leader();
    await leader.ask('POST', '/switchover', { leader: leader.place.name });
  }

  freezeEtcd(): void {
    this.#etcd.pause();
  }

  thawEtcd(): void {
    this.#etcd.resume();
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all([this.#etcd.kill(), this.#haproxy.kill()]);
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** A machine: Patroni and the PostgreSQL that it started. */
export class PatroniNode {
  readonly place: PatroniPlace;
  readonly standbyRole: 'sync' | 'async';
  /** What the other node receives goes through it, if that is to lag. */
  readonly #wire: FaultProxy | undefined;
  #patroni: ServerProcess | undefined;

  private constructor(place: PatroniPlace, standbyRole: 'sync' | 'async', wire: FaultProxy | undefined) {
    this.place = place;
    this.standbyRole = standbyRole;
    this.#wire = wire;
  }

  static async prepare(
    dir: string,
    [port = 0, api = 0]: readonly number[],
    setup: PatroniSetup,
    certificates: ServerCertificates,
    lagMs = 0,
  ): Promise<PatroniNode> {
    const wire = lagMs > 0 ? await FaultProxy.start({ host: HOST, port }) : undefined;
    wire?.set({ latencyMs: lagMs });
    const name = dir.slice(dir.lastIndexOf('/') + 1);
    const place = { name, dir, port, api, replicationPort: wire?.port ?? port };
    const files = {
      'patroni.yml': patroniConfiguration(place, setup),
      'ca.crt': certificates.ca,
      'server.crt': certificates.certificate,
      'server.key': certificates.privateKey,
    };
    await mkdir(dir);
    for (const [file, content] of Object.entries(files)) await writeFile(join(dir, file), content, { mode: 0o600 });
    await handOver(dir, '', ...Object.keys(files));
    return new PatroniNode(place, setup.synchronous ? 'sync' : 'async', wire);
  }

  /** Sends this to Patroni's REST API. */
  async ask(method: 'PATCH' | 'POST', path: string, body: object): Promise<void> {
    const answer = await fetch(`${this.#api}${path}`, { method, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`Patroni answers ${answer.status}: ${await answer.text()}`);
  }

  async start(): Promise<void> {
    this.#patroni = launch(this.place.dir, 'patroni', [join(this.place.dir, 'patroni.yml')]);
    outlive(join(this.place.dir, 'data', 'postmaster.pid'));
    await this.#patroni.whenReady(
      until(() => fetch(`${this.#api}/liveness`), { what: 'Patroni to answer', ...WITHIN }),
    );
  }

  /** Asks Patroni as HAProxy does. */
  async hasRole(role: 'primary' | 'sync' | 'async'): Promise<boolean> {
    const signal = AbortSignal.timeout(1_000);
    return fetch(`${this.#api}/${role}`, { signal }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async whenRole(role: 'primary' | 'sync' | 'async'): Promise<void> {
    await until(() => this.hasRole(role), { what: `${this.place.name} to be ${role}`, ...WITHIN });
  }

  /** SIGKILL to Patroni and to PostgreSQL, and what was on its way to the standby is lost. */
  async kill(): Promise<void> {
    this.#wire?.set({ refuse: true });
    this.#wire?.resetAll();
    this.#signalPostgres('SIGKILL');
    await this.#patroni?.kill();
  }

  /** Freezes Patroni and PostgreSQL: sockets stay open, nothing is answered. */
  freeze(): void {
    this.#patroni?.pause();
    this.#signalPostgres('SIGSTOP');
  }

  thaw(): void {
    this.#signalPostgres('SIGCONT');
    this.#patroni?.resume();
  }

  async stop(): Promise<void> {
    await this.#patroni?.kill();
    this.#signalPostgres('SIGKILL');
    await this.#wire?.stop();
  }

  get #api(): string {
    return `http://${HOST}:${this.place.api}`;
  }

  /** PostgreSQL is no child of Patroni's, so that it outlives it. */
  #signalPostgres(signal: NodeJS.Signals): void {
    const file = join(this.place.dir, 'data', 'postmaster.pid');
    if (existsSync(file)) signalFamily(Number.parseInt(readFileSync(file, 'utf8'), 10), signal);
  }
}

function launch(dir: string, program: keyof typeof PROGRAMS, args: readonly string[]): ServerProcess {
  return new ServerProcess({
    file: PROGRAMS[program],
    args,
    cwd: dir,
    logFile: join(dir, `${program}.log`),
    // libpq would look for a certificate in the home folder of the account that runs the tests.
    environment: { HOME: dir },
    ...(accountForRoot() ? { user: ACCOUNT } : {}),
  });
}

/** Kills the PostgreSQL of this file when this process is gone and could not do it itself. */
function outlive(pidFile: string): void {
  const script = `tail --pid=${process.pid} -f /dev/null; [ -f "$1" ] && kill -KILL "$(head -n 1 "$1")"`;
  spawn('sh', ['-c', script, 'sh', pidFile], { detached: true, stdio: 'ignore' }).unref();
}

async function handOver(dir: string, ...names: readonly string[]): Promise<void> {
  await chmod(dir, 0o700);
  const owner = accountForRoot();
  if (owner) for (const name of names) await chown(join(dir, name), owner.uid, owner.gid);
}

function coordinatesOf(port: number, adminPassword: string, ca: string): PostgresCoordinates {
  const password = secret();
  const url = (user: string, own: string, database: string): string =>
    `postgresql://${user}:${own}@${HOST}:${port}/${database}?sslmode=verify-full`;
  return {
    provider: 'local',
    host: HOST,
    port,
    user: APPLICATION,
    password,
    database: APPLICATION,
    url: url(APPLICATION, password, APPLICATION),
    ca,
    adminUrl: url(ADMIN, adminPassword, 'postgres'),
  };
}

const secret = (): string => randomBytes(18).toString('base64url');
