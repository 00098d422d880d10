import type { ServerCertificates } from './certificates.ts';
import { replicationDirectives, replicationUser } from './redis-cluster-files.ts';
import { type Account, aclFile, directiveLines, redisConfig, sha256, tlsDirectives } from './redis-config.ts';
import type { FilesFor, Site } from './redis-machine.ts';

/** The name under which the sentinels watch the master. */
export const MASTER_NAME = 'shop';

/** What the application asks the sentinels. */
export const SENTINEL_COMMANDS = '+sentinel|get-master-addr-by-name +sentinel|master';

/** What Sentinel itself does on the servers that it watches. */
const WATCHER_COMMANDS =
  '+multi +slaveof +replicaof +ping +exec +subscribe +config|rewrite +role +publish +info +client|setname +client|kill +script|kill';

export interface SentinelPlan {
  readonly servers: readonly { readonly port: number }[];
  readonly sentinels: readonly { readonly id: string; readonly port: number }[];
  readonly accounts: {
    readonly admin: Account;
    readonly application: Account;
    readonly replication: Account;
    /** Sentinel's on the servers. */
    readonly watcher: Account;
    /** A sentinel's on another. */
    readonly peer: Account;
    /** The application's on the sentinels. */
    readonly asker: Account;
  };
  readonly keyPattern: string;
  readonly certificates: ServerCertificates;
  readonly downAfterMs: number;
  readonly directives: Readonly<Record<string, string>>;
}

const HOST = '127.0.0.1';

/** The first server is the master at first; a fail-over rewrites these files. */
export function watchedServerFiles(plan: SentinelPlan, at: number): FilesFor {
  const { admin, application, replication, watcher } = plan.accounts;
  const replicaOf = at === 0 ? {} : { replicaof: `${HOST} ${plan.servers[0]?.port}` };
  const directives = { ...replicationDirectives(replication), ...replicaOf, ...plan.directives };
  return (site) => ({
    'server.conf': redisConfig({ ...site, plaintext: false, directives }),
    'users.acl': aclFile({
      admin,
      application,
      keyPattern: plan.keyPattern,
      others: [
        replicationUser(replication),
        `user ${watcher.username} on #${sha256(watcher.password)} allchannels -@all ${WATCHER_COMMANDS}`,
      ],
    }),
    ...certificateFiles(plan.certificates),
  });
}

export function sentinelFiles(plan: SentinelPlan, at: number): FilesFor {
  const { admin, peer, asker } = plan.accounts;
  return (site) => ({
    'server.conf': sentinelConfig(plan, at, site),
    'users.acl': [
      'user default off',
      `user ${admin.username} on #${sha256(admin.password)} allchannels +@all`,
      `user ${peer.username} on #${sha256(peer.password)} allchannels +@all`,
      `user ${asker.username} on #${sha256(asker.password)} resetchannels -@all ${SENTINEL_COMMANDS}`,
      '',
    ].join('\n'),
    ...certificateFiles(plan.certificates),
  });
}

function sentinelConfig(plan: SentinelPlan, at: number, { filesDir, dataDir, bind, port }: Site): string {
  const { peer, watcher } = plan.accounts;
  const [master, ...replicas] = plan.servers;
  const others = plan.sentinels.filter((_, other) => other !== at);
  const basics = {
    bind,
    ...tlsDirectives(port, filesDir),
    'tls-replication': 'yes',
    aclfile: `${filesDir}/users.acl`,
    dir: dataDir,
  };
  return [
    directiveLines(basics),
    `sentinel sentinel-user ${peer.username}`,
    `sentinel sentinel-pass ${peer.password}`,
    `sentinel monitor ${MASTER_NAME} ${HOST} ${master?.port} 2`,
    `sentinel auth-user ${MASTER_NAME} ${watcher.username}`,
    `sentinel auth-pass ${MASTER_NAME} ${watcher.password}`,
    `sentinel down-after-milliseconds ${MASTER_NAME} ${plan.downAfterMs}`,
    `sentinel failover-timeout ${MASTER_NAME} ${Math.max(3_000, 3 * plan.downAfterMs)}`,
    `sentinel parallel-syncs ${MASTER_NAME} 1`,
    // Known in advance: else the sentinels find replicas, and each other, with their INFO of every 10 s.
    `sentinel myid ${plan.sentinels[at]?.id}`,
    ...replicas.map((replica) => `sentinel known-replica ${MASTER_NAME} ${HOST} ${replica.port}`),
    ...others.map((other) => `sentinel known-sentinel ${MASTER_NAME} ${HOST} ${other.port} ${other.id}`),
    '',
  ].join('\n');
}

const certificateFiles = ({ certificate, privateKey, ca }: ServerCertificates): Record<string, string> => ({
  'server.crt': certificate,
  'server.key': privateKey,
  'ca.crt': ca,
});
