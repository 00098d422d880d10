import { join } from 'node:path';
import { HOST_RULES } from './postgres-machine.ts';

export const HOST = '127.0.0.1';
export const ADMIN = 'harness';
export const REPLICATOR = 'replicator';

export interface PatroniPlace {
  readonly name: string;
  readonly dir: string;
  /** Of PostgreSQL. */
  readonly port: number;
  /** Of Patroni's REST API. */
  readonly api: number;
  /** Where the other node reaches this PostgreSQL: the port itself, or a proxy before it. */
  readonly replicationPort: number;
}

export interface PatroniSetup {
  readonly etcdPort: number;
  readonly binaries: string;
  readonly synchronous: boolean;
  readonly passwords: { readonly admin: string; readonly replicator: string };
}

/** Patroni's defaults: the key of a leader that died expires 20 to 30 s later. */
export const TIMINGS = { ttl: 30, loop_wait: 10, retry_timeout: 10 };
/** While the cluster is made, nobody waits for the next round. */
const HURRY = { loop_wait: 1 };

/** Small, but as durable as the default. */
const PARAMETERS = { shared_buffers: '64MB', max_connections: 200, log_min_messages: 'warning' };

/** The configuration of one node. Patroni reads YAML, and all JSON is YAML. */
export function patroniConfiguration(place: PatroniPlace, setup: PatroniSetup): string {
  const { dir, name } = place;
  const tls = { sslmode: 'verify-full', sslrootcert: join(dir, 'ca.crt') };
  return JSON.stringify({
    scope: 'holdfast',
    name,
    etcd3: { host: `${HOST}:${setup.etcdPort}` },
    restapi: { listen: `${HOST}:${place.api}`, connect_address: `${HOST}:${place.api}` },
    bootstrap: {
      dcs: {
        ...TIMINGS,
        ...HURRY,
        // Not the strict mode: writes go on without a standby, which is promoted only if it has them.
        synchronous_mode: setup.synchronous,
        postgresql: { use_pg_rewind: true, parameters: PARAMETERS },
      },
      initdb: ['data-checksums', { encoding: 'UTF8' }, { locale: 'C' }, 'no-sync'],
    },
    postgresql: {
      listen: `${HOST}:${place.port}`,
      connect_address: `${HOST}:${place.replicationPort}`,
      data_dir: join(dir, 'data'),
      bin_dir: setup.binaries,
      pgpass: join(dir, 'pgpass'),
      use_unix_socket: true,
      use_unix_socket_repl: true,
      authentication: {
        superuser: { username: ADMIN, password: setup.passwords.admin, ...tls },
        replication: { username: REPLICATOR, password: setup.passwords.replicator, ...tls },
      },
      pg_hba: HOST_RULES.trim().split('\n'),
      parameters: {
        unix_socket_directories: dir,
        ssl: 'on',
        ssl_cert_file: join(dir, 'server.crt'),
        ssl_key_file: join(dir, 'server.key'),
      },
    },
  });
}

/** TLS goes through to PostgreSQL, and Patroni says who leads; as Patroni's documentation has it, asked each second. */
export function haproxyConfiguration(port: number, nodes: readonly PatroniPlace[]): string {
  return [
    'defaults',
    '  mode tcp',
    '  timeout connect 1s',
    '  timeout client 30m',
    '  timeout server 30m',
    '  timeout check 1s',
    'listen primary',
    `  bind ${HOST}:${port}`,
    '  option httpchk OPTIONS /primary',
    '  http-check expect status 200',
    '  default-server inter 1s fall 3 rise 2 on-marked-down shutdown-sessions',
    ...nodes.map((node) => `  server ${node.name} ${HOST}:${node.port} check port ${node.api}`),
    '',
  ].join('\n');
}

export function etcdArguments(dir: string, port: number, peerPort: number): string[] {
  const client = `http://${HOST}:${port}`;
  const peer = `http://${HOST}:${peerPort}`;
  return [
    `--data-dir=${join(dir, 'etcd')}`,
    '--name=one',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=one=${peer}`,
    '--log-level=warn',
  ];
}
