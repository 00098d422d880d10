import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createAuthority, type ServerCertificates } from './certificates.ts';
import { migrate } from './databases.ts';
import { asMariadbAdmin, connectMariadb, createMariadbDatabase, type MariadbCoordinates } from './mariadb.ts';
import { launchMariadbProcess, type MariadbProcess } from './mariadb-local.ts';
import { freePorts, whilePortsAreTaken } from './ports.ts';
import { ProviderUnavailable } from './provider.ts';
import { until } from './until.ts';

const HOST = '127.0.0.1';
const ADMIN = 'harness';
const APPLICATION = 'shop';
const LIBRARIES = ['/usr/lib/galera/libgalera_smm.so', '/usr/lib64/galera-4/libgalera_smm.so'];
const FAKETIMES = ['x86_64', 'aarch64'].map((cpu) => `/usr/lib/${cpu}-linux-gnu/faketime/libfaketimeMT.so.1`);
const START_TIMEOUT_MS = 60_000;

/** What Galera needs, and small: three nodes share a machine with everything else. */
const SETTINGS = {
  wsrep_on: 'ON',
  // With it, `wsrep_provider_options` is read-only, and some of the options are nowhere else.
  plugin_wsrep_provider: 'OFF',
  binlog_format: 'ROW',
  innodb_autoinc_lock_mode: '2',
  // A node that is killed has its last second from the others, so this is how Galera is run.
  innodb_flush_log_at_trx_commit: '2',
  innodb_buffer_pool_size: '64M',
  innodb_log_file_size: '32M',
  innodb_lock_wait_timeout: '2',
  performance_schema: 'OFF',
  max_connections: '200',
  require_secure_transport: 'ON',
  skip_name_resolve: 'ON',
  wsrep_cluster_name: 'holdfast',
  wsrep_sst_method: 'rsync',
};

/** How long the others wait for a silent node before they go on without it; Galera's own values are twice as long. */
const GROUP_OPTIONS = {
  'gcache.size': '32M',
  'evs.keepalive_period': 'PT0.5S',
  'evs.inactive_check_period': 'PT0.25S',
  'evs.suspect_timeout': 'PT2.5S',
  'evs.inactive_timeout': 'PT5S',
  'evs.install_timeout': 'PT5S',
};

export interface GaleraOptions {
  /** @defaultValue 3 */
  readonly nodes?: number;
  /** Of every node, such as `{ wsrep_sync_wait: '15' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The clock of each node, as faketime reads it: `-40s`, `+1h`. @defaultValue that of the machine */
  readonly clocks?: readonly (string | undefined)[];
}

export const hasGalera = (): boolean => process.platform === 'linux' && LIBRARIES.some((file) => existsSync(file));
export const hasFaketime = (): boolean => FAKETIMES.some((file) => existsSync(file));

/** Starts a cluster of MariaDB Galera: each node a process of its own, with the session tables in one database. */
export async function startGalera(options: GaleraOptions = {}): Promise<GaleraCluster> {
  const count = options.nodes ?? 3;
  const secrets = { admin: secret(), application: secret() };
  const certificates = await (await createAuthority()).issue();
  return whilePortsAreTaken(async () => {
    const ports = await freePorts(4 * count);
    const places = Array.from({ length: count }, (_, at) => placeOf(ports.slice(4 * at, 4 * at + 4)));
    const address = `gcomm://${places.map(({ group }) => `${HOST}:${group}`).join()}`;
    const nodes = await Promise.all(
      places.map(async (place, at) => {
        const settings = { ...SETTINGS, ...placeSettings(place, at, address), ...options.settings };
        const accounts = { admin: ADMIN, adminPassword: secrets.admin, certificates, settings };
        const machine = await launchMariadbProcess(place.sql, accounts);
        return new GaleraNode(at, machine, coordinatesOf(place, secrets, certificates), options.clocks?.[at]);
      }),
    );
    const cluster = new GaleraCluster(nodes);
    try {
      await cluster.begin(secrets.application);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  });
}

/** All nodes. A statement of the harness that changes something goes to one, and is waited for on the others. */
export class GaleraCluster implements AsyncDisposable {
  readonly nodes: readonly GaleraNode[];

  constructor(nodes: readonly GaleraNode[]) {
    this.nodes = nodes;
    for (const node of nodes) node.others = nodes.filter((other) => other !== node);
  }

  node(at: number): GaleraNode {
    const node = this.nodes[at];
    if (!node) throw new Error(`The cluster has no node ${at}.`);
    return node;
  }

  /** The first start: one node makes the cluster, the others copy it. */
  async begin(password: string): Promise<void> {
    const [first, ...others] = this.nodes;
    await first!.begin();
    await asMariadbAdmin(
      first!,
      `CREATE USER '${APPLICATION}'@'%' IDENTIFIED BY '${password}' WITH MAX_STATEMENT_TIME 3`,
    );
    await createMariadbDatabase(first!.coordinates, APPLICATION);
    await asMariadbAdmin(first!, 'CREATE TABLE mysql.holdfast_gate (id INT AUTO_INCREMENT PRIMARY KEY)');
    await migrate('mysql', first!.url, { ca: first!.ca });
    await Promise.all(others.map((node) => node.start()));
    await this.whenComplete();
  }

  /** Resolves when every node is a member that answers, and has applied all that the others have. */
  async whenComplete(): Promise<void> {
    await until(
      async () => {
        const all = await Promise.all(this.nodes.map((node) => node.status()));
        const [first] = all;
        return all.every(
          (status) =>
            status['wsrep_cluster_size'] === String(this.nodes.length) &&
            status['wsrep_local_state_comment'] === 'Synced' &&
            status['wsrep_cluster_status'] === 'Primary' &&
            status['wsrep_last_committed'] === first!['wsrep_last_committed'],
        );
      },
      { what: 'the cluster to be complete', timeoutMs: START_TIMEOUT_MS },
    );
  }

  /** Creates a database with the session tables on every node, and returns its name. */
  async freshDatabase(): Promise<string> {
    const name = `t${randomBytes(6).toString('hex')}`;
    const [first] = this.nodes;
    await migrate('mysql', await createMariadbDatabase(first!.coordinates, name), { ca: first!.ca });
    await this.whenComplete();
    return name;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

export class GaleraNode {
  readonly #machine: MariadbProcess;
  readonly coordinates: MariadbCoordinates;
  readonly name: string;
  /** As faketime reads it; applies at the next start. */
  clock: string | undefined;
  others: readonly GaleraNode[] = [];
  #wasStarted = false;
  #gate: Awaited<ReturnType<typeof connectMariadb>> | undefined;

  constructor(at: number, machine: MariadbProcess, coordinates: MariadbCoordinates, clock: string | undefined) {
    this.name = nameOf(at);
    this.#machine = machine;
    this.coordinates = coordinates;
    this.clock = clock;
  }

  get host(): string {
    return this.coordinates.host;
  }

  get port(): number {
    return this.coordinates.port;
  }

  get ca(): string {
    return this.coordinates.ca;
  }

  get adminUrl(): string {
    return this.coordinates.adminUrl;
  }

  /** Where the application reaches its database on this node. */
  get url(): string {
    return this.coordinates.url;
  }

  urlOf(database: string): string {
    return Object.assign(new URL(this.url), { pathname: `/${database}` }).href;
  }

  /** Starts as the first member of a new cluster. */
  begin(): Promise<void> {
    return this.#launch(['--wsrep-new-cluster'], true);
  }

  /** Joins the others, and waits until it has what they have: by the last write sets, or by a copy of all from a donor. */
  async start(): Promise<void> {
    // Back before they have noticed, it would take itself for the whole cluster, and they would go on to count it.
    await until(() => this.#isForgotten(), { what: `the others to go on without ${this.name}` });
    const position = this.#wasStarted ? [`--wsrep-start-position=${await this.#machine.recoveredPosition()}`] : [];
    await this.#launch(position, false);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#gate = undefined;
    await this.#machine.kill();
  }

  /** Freezes the process: sockets stay open, nothing is answered. The others go on without it when they have waited. */
  freeze(): Promise<void> {
    return this.#machine.pause();
  }

  thaw(): Promise<void> {
    return this.#machine.resume();
  }

  /** Cuts this node off from all others, and from no client: it loses the quorum, or the others do. */
  async isolate(): Promise<void> {
    await this.setProviderOption('gmcast.isolate', '1');
  }

  async rejoin(): Promise<void> {
    await this.setProviderOption('gmcast.isolate', '0');
  }

  /**
   * Stops applying what the others commit; the node goes on to be `Synced` and to answer from the past. With flow control the whole
   * cluster waits for it after sixteen write sets, as with the default settings; without, its queue grows.
   */
  async stallApply({ flowControl, by }: { readonly flowControl: boolean; readonly by: GaleraNode }): Promise<void> {
    await this.setProviderOption('gcs.fc_limit', flowControl ? '16' : '1000000');
    this.#gate = await connectMariadb(this.adminUrl, this.ca);
    await this.#gate.query('LOCK TABLES mysql.holdfast_gate WRITE');
    // The applier waits for the lock with this write set, and all later ones wait behind it.
    await asMariadbAdmin(by, 'INSERT INTO mysql.holdfast_gate VALUES ()');
    await until(() => this.#isGated(), { what: `the applier of ${this.name} to wait` });
  }

  async resumeApply(): Promise<void> {
    await this.#gate?.query('UNLOCK TABLES').catch(() => undefined);
    await this.#gate?.[Symbol.asyncDispose]();
    this.#gate = undefined;
    await this.setProviderOption('gcs.fc_limit', '16');
  }

  /** What new connections wait for before they read: 0 for nothing, 15 for all that the cluster has committed. */
  async setSyncWait(value: number): Promise<void> {
    await asMariadbAdmin(this, `SET GLOBAL wsrep_sync_wait = ${value}`);
  }

  async setProviderOption(name: string, value: string): Promise<void> {
    await asMariadbAdmin(this, `SET GLOBAL wsrep_provider_options = '${name}=${value}'`);
  }

  /** The `wsrep_` lines of the status, by name. */
  async status(): Promise<Readonly<Record<string, string>>> {
    const rows = await asMariadbAdmin(this, `SHOW GLOBAL STATUS LIKE 'wsrep_%'`);
    return Object.fromEntries(rows.map((row) => [String(row['Variable_name']), String(row['Value'])]));
  }

  get isRunning(): boolean {
    return this.#machine.isRunning;
  }

  async whenReady(): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      const { wsrep_ready: ready, wsrep_local_state_comment: state } = await this.status();
      return ready === 'ON' && state === 'Synced';
    };
    const ready = until(isReady, { what: `${this.name} to be a member`, timeoutMs: START_TIMEOUT_MS });
    await this.#machine.whenReady(ready);
  }

  async stop(): Promise<void> {
    await this.#machine.kill();
    await this.#machine.remove();
  }

  async #launch(args: readonly string[], makesAdmin: boolean): Promise<void> {
    this.#wasStarted = true;
    await this.#machine.launch({ args, makesAdmin, environment: clockEnvironment(this.clock) });
    await this.whenReady();
  }

  async #isForgotten(): Promise<boolean> {
    const members = this.others.map(async (node) => {
      return node.isRunning ? (await node.status())['wsrep_incoming_addresses']?.split(',') : [];
    });
    return !(await Promise.all(members)).flat().includes(`${this.host}:${this.port}`);
  }

  async #isGated(): Promise<boolean> {
    const sql = `SELECT COUNT(*) AS waiting FROM information_schema.processlist WHERE user = 'system user' AND state LIKE 'Waiting for table%'`;
    const [row] = await asMariadbAdmin(this, sql);
    return Number(row?.['waiting']) > 0;
  }
}

interface Place {
  readonly sql: number;
  readonly group: number;
  readonly increments: number;
  readonly copies: number;
}

function placeOf([sql = 0, group = 0, increments = 0, copies = 0]: readonly number[]): Place {
  return { sql, group, increments, copies };
}

function placeSettings(place: Place, at: number, address: string): Readonly<Record<string, string>> {
  const library = LIBRARIES.find((file) => existsSync(file));
  if (library === undefined) throw new ProviderUnavailable(`Galera is in none of ${LIBRARIES.join(', ')}`);
  const options = {
    ...GROUP_OPTIONS,
    base_port: place.group,
    'gmcast.listen_addr': `tcp://${HOST}:${place.group}`,
    'ist.recv_addr': `${HOST}:${place.increments}`,
  };
  return {
    wsrep_provider: library,
    wsrep_cluster_address: address,
    wsrep_node_name: nameOf(at),
    wsrep_node_address: `${HOST}:${place.group}`,
    wsrep_node_incoming_address: `${HOST}:${place.sql}`,
    wsrep_sst_receive_address: `${HOST}:${place.copies}`,
    wsrep_provider_options: `"${Object.entries(options)
      .map(([name, value]) => `${name}=${value}`)
      .join(';')}"`,
  };
}

function coordinatesOf(
  { sql }: Place,
  secrets: { readonly admin: string; readonly application: string },
  { ca }: ServerCertificates,
): MariadbCoordinates {
  const url = (user: string, password: string, database: string): string =>
    `mysql://${user}:${password}@${HOST}:${sql}/${database}`;
  return {
    provider: 'local',
    host: HOST,
    port: sql,
    user: APPLICATION,
    password: secrets.application,
    database: APPLICATION,
    url: url(APPLICATION, secrets.application, APPLICATION),
    ca,
    adminUrl: url(ADMIN, secrets.admin, 'mysql'),
  };
}

/** Time-outs go on by the machine's clock; only what the server calls "now" is shifted. */
function clockEnvironment(clock: string | undefined): Readonly<Record<string, string>> {
  if (clock === undefined) return {};
  const library = FAKETIMES.find((file) => existsSync(file));
  if (library === undefined) throw new ProviderUnavailable(`faketime is in none of ${FAKETIMES.join(', ')}`);
  return { LD_PRELOAD: library, FAKETIME: clock, FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1' };
}

const nameOf = (at: number): string => `node-${at + 1}`;
const secret = (): string => randomBytes(18).toString('base64url');
