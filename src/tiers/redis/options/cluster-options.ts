import { requireOptions } from '../../../option-checks.ts';
import { endpointOf, parseAddress } from './address.ts';
import { invalid } from './option-values.ts';
import type { FoundServers } from './servers.ts';
import type { ClusterTopology, Endpoint } from './topology.ts';

/** Says where a node that announces `host:port` is reached. */
export type NatMap = ((announced: string) => Endpoint | null | undefined) | Readonly<Record<string, Endpoint>>;

export interface ClusterOptions {
  /**
   * The addresses of some nodes, each `rediss://host[:port]`. They are asked for the others, so name several, masters and replicas, or a name that leads
   * to any of them.
   */
  readonly nodes: readonly string[];
  /**
   * Says where the nodes are reached, if not at the names and ports that they announce: `{ '10.0.0.7:6379': { host, port } }`, or a function of
   * such a name. An IPv6 address stands without brackets. A node that it does not have is reached as announced.
   * @defaultValue as announced
   */
  readonly natMap?: NatMap;
}

const NAMES = ['nodes', 'natMap'];
const PORT_MAX = 65_535;

/** Reads `cluster`: nodes of a cluster, which name the others. */
export function resolveCluster(given: ClusterOptions): FoundServers {
  const { nodes, natMap } = requireOptions('redisTier: cluster', given, NAMES);
  if (!Array.isArray(nodes) || nodes.length === 0) throw invalid('cluster.nodes must be a list of addresses');
  const urls = nodes.map(parseNode);
  const schemes = new Set(urls.map(({ protocol }) => protocol));
  if (schemes.size > 1) throw invalid('cluster.nodes must all begin with rediss://, or all with redis://');
  return {
    topology: { kind: 'cluster', nodes: urls.map((url) => endpointOf(url)), reach: reachBy(natMap) },
    option: 'cluster.nodes',
    isEncrypted: schemes.has('rediss:'),
  };
}

function parseNode(text: unknown): URL {
  const url = parseAddress('cluster.nodes', text);
  if (url.username !== '' || url.password !== '') {
    throw invalid('cluster.nodes must hold no user and no password: give username and password beside cluster');
  }
  if (url.pathname !== '' && url.pathname !== '/') {
    throw invalid('cluster.nodes must name no database: a cluster has number 0 only');
  }
  return url;
}

function reachBy(natMap: NatMap | undefined): ClusterTopology['reach'] {
  if (natMap === undefined) return (announced) => announced;
  if (typeof natMap === 'function') return (announced) => answerOf(natMap, announced) ?? announced;
  const given: unknown = natMap;
  if (typeof given !== 'object' || given === null || given instanceof Map || Array.isArray(given)) {
    throw invalid('cluster.natMap must be an object or a function, not a Map or a list');
  }
  const entries = Object.entries(natMap);
  if (!entries.every(([, to]) => isEndpoint(to))) throw invalid('cluster.natMap must lead to { host, port }');
  if (!entries.every(([name]) => /^[^[\]]+:\d{1,5}$/.test(name))) {
    throw invalid('cluster.natMap must have names of the form host:port, IPv6 addresses without brackets');
  }
  // Nothing else of these objects may reach the client of Redis.
  const known = new Map(entries.map(([name, { host, port }]) => [name, { host, port }]));
  return (announced) => known.get(nameOf(announced)) ?? announced;
}

/** A function that throws, or answers anything else than an endpoint, does not have the node. */
function answerOf(natMap: (announced: string) => unknown, announced: Endpoint): Endpoint | undefined {
  try {
    const answer = natMap(nameOf(announced));
    return isEndpoint(answer) ? { host: answer.host, port: answer.port } : undefined;
  } catch {
    return undefined;
  }
}

function isEndpoint(given: unknown): given is Endpoint {
  if (typeof given !== 'object' || given === null) return false;
  const { host, port } = given as Partial<Endpoint>;
  return (
    typeof host === 'string' && host !== '' && Number.isInteger(port) && Number(port) > 0 && Number(port) <= PORT_MAX
  );
}

function nameOf({ host, port }: Endpoint): string {
  return `${host}:${port}`;
}
