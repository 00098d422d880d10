import { randomBytes } from 'node:crypto';
import type { ServerCertificates } from './certificates.ts';
import { type Account, aclFile, redisConfig, sha256 } from './redis-config.ts';
import type { FilesFor } from './redis-machine.ts';

/** What the application's user needs in a cluster beyond what it needs on one server. */
export const CLUSTER_COMMANDS = '+cluster|nodes +cluster|info +asking';

export const SLOTS = 16_384;

/** One node as all nodes know it before the first of them runs. */
export interface PlannedNode {
  readonly id: string;
  readonly shardId: string;
  readonly port: number;
  readonly busPort: number;
  readonly epoch: number;
  /** Undefined: it is a master itself. */
  readonly master: PlannedNode | undefined;
  /** First and last slot of a master that has any. */
  readonly slots: readonly [number, number] | undefined;
}

export interface ClusterPlan {
  readonly nodes: readonly PlannedNode[];
  readonly accounts: { readonly admin: Account; readonly application: Account; readonly replication: Account };
  readonly keyPattern: string;
  readonly certificates: ServerCertificates;
  readonly nodeTimeoutMs: number;
  readonly fullCoverage: boolean;
  readonly announce: 'ip' | 'hostname' | 'unknown-endpoint';
  readonly directives: Readonly<Record<string, string>>;
}

export interface Shape {
  readonly masters: number;
  readonly replicas: number;
  readonly spares: number;
}

/** Masters first, then their replicas in turn, then masters without a slot. */
export function planNodes({ masters, replicas, spares }: Shape, ports: readonly number[]): PlannedNode[] {
  const nodes: PlannedNode[] = [];
  const total = masters + replicas + spares;
  for (let at = 0; at < total; at += 1) {
    const isReplica = at >= masters && at < masters + replicas;
    const master = isReplica ? nodes[(at - masters) % masters] : undefined;
    const first = Math.floor((at * SLOTS) / masters);
    const last = Math.floor(((at + 1) * SLOTS) / masters) - 1;
    nodes.push({
      id: randomBytes(20).toString('hex'),
      shardId: master?.shardId ?? randomBytes(20).toString('hex'),
      port: ports[2 * at] ?? 0,
      busPort: ports[2 * at + 1] ?? 0,
      epoch: master?.epoch ?? at + 1,
      master,
      slots: at < masters ? [first, last] : undefined,
    });
  }
  return nodes;
}

/** The whole topology is written in advance: no node has to meet another, and nothing waits for gossip. */
export function clusterFiles(plan: ClusterPlan, self: PlannedNode): FilesFor {
  const { admin, application, replication } = plan.accounts;
  return (site) => ({
    'server.conf': redisConfig({ ...site, plaintext: false, directives: directives(plan, self, site.filesDir) }),
    'nodes.conf': nodesFile(plan, self, site.bind),
    'users.acl': aclFile({
      admin,
      application,
      keyPattern: plan.keyPattern,
      grants: CLUSTER_COMMANDS,
      others: [replicationUser(replication)],
    }),
    'server.crt': plan.certificates.certificate,
    'server.key': plan.certificates.privateKey,
    'ca.crt': plan.certificates.ca,
  });
}

export const replicationUser = ({ username, password }: Account): string =>
  `user ${username} on #${sha256(password)} resetchannels -@all +psync +replconf +ping`;

export const replicationDirectives = ({ username, password }: Account): Record<string, string> => ({
  'tls-replication': 'yes',
  masteruser: username,
  masterauth: password,
  // Else a replica waits for 5 s in case that others come.
  'repl-diskless-sync-delay': '0',
});

function directives(plan: ClusterPlan, self: PlannedNode, filesDir: string): Record<string, string> {
  return {
    ...replicationDirectives(plan.accounts.replication),
    'tls-cluster': 'yes',
    'cluster-enabled': 'yes',
    // Outside of the data, so that a wiped node keeps its place in the cluster.
    'cluster-config-file': `${filesDir}/nodes.conf`,
    'cluster-port': `${self.busPort}`,
    'cluster-node-timeout': `${plan.nodeTimeoutMs}`,
    'cluster-require-full-coverage': plan.fullCoverage ? 'yes' : 'no',
    'cluster-allow-replica-migration': 'no',
    ...(plan.announce === 'ip' ? {} : { 'cluster-preferred-endpoint-type': plan.announce }),
    ...(plan.announce === 'hostname' ? { 'cluster-announce-hostname': 'localhost' } : {}),
    ...plan.directives,
  };
}

function nodesFile({ nodes, announce }: ClusterPlan, self: PlannedNode, host: string): string {
  const hostname = announce === 'hostname' ? 'localhost' : '';
  const lines = nodes.map((node) => {
    const flags = `${node === self ? 'myself,' : ''}${node.master ? 'slave' : 'master'}`;
    const slots = node.slots ? ` ${node.slots.join('-')}` : '';
    const place = `${host}:${node.port}@${node.busPort},${hostname},shard-id=${node.shardId}`;
    return `${node.id} ${place} ${flags} ${node.master?.id ?? '-'} 0 0 ${node.epoch} connected${slots}\n`;
  });
  return `${lines.join('')}vars currentEpoch ${nodes.length} lastVoteEpoch 0\n`;
}
