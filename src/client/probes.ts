import { isHoldfastError } from '../errors.ts';
import { requireMethods } from '../option-checks.ts';
import type { TierHealth } from '../telemetry/health.ts';
import type { SessionClient } from './session-client.ts';

/** The reason why a process is not wholly well. Carries short words only, so that a probe may be open to the network. */
export interface ProbeReason {
  readonly part: 'client' | 'durable' | 'keys' | 'primary';
  readonly state: 'degraded' | 'down';
  /** A short word, as in `health()`; of the client the code of the error. */
  readonly reason: string;
}

/** The answer to a probe. */
export interface ProbeAnswer {
  /** The status of the HTTP response. */
  readonly status: 200 | 503;
  readonly body: {
    /** `degraded`: it serves, but not as it should. `unready`: it cannot serve sessions. */
    readonly state: 'degraded' | 'live' | 'ready' | 'unready';
    readonly reasons: readonly ProbeReason[];
  };
}

/** The parts of a response of `node:http` that a probe needs. */
interface NodeAnswer {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** The probes of a process, as functions, and as handlers for `node:http` with Express, and for the web standard. */
export interface Probes {
  live(): ProbeAnswer;
  ready(): Promise<ProbeAnswer>;
  readonly node: {
    live(this: void, request: unknown, response: NodeAnswer): void;
    ready(this: void, request: unknown, response: NodeAnswer): Promise<void>;
  };
  readonly web: {
    live(this: void): Response;
    ready(this: void): Promise<Response>;
  };
}

const LIVE: ProbeAnswer = { status: 200, body: { state: 'live', reasons: [] } };
/** The reasons for which a primary tier is degraded and still serves. */
const SERVES = ['shard-down', 'slow'];
const PARTS = ['primary', 'durable', 'keys'] as const;

/**
 * Returns the probes of a process for Kubernetes and load balancers. `live` never fails because of Redis or the database: a restart
 * mends neither. `ready` opens the client if need be, and fails while neither tier can serve, or no key ring is loaded.
 * @throws {ConfigurationError} `sessions` is not a client.
 * @example
 * const { node } = probes(sessions);
 * createServer((request, response) => (request.url === '/livez' ? node.live : node.ready)(request, response)).listen(8081);
 */
export function probes(sessions: Pick<SessionClient, 'health' | 'ready'>): Probes {
  requireMethods('probes', sessions, ['health', 'ready'], 'a SessionClient');
  const live = (): ProbeAnswer => LIVE;
  const ready = (): Promise<ProbeAnswer> => readiness(sessions);
  return {
    live,
    ready,
    node: {
      live: (_, response) => answerNode(response, live()),
      ready: async (_, response) => answerNode(response, await ready()),
    },
    web: { live: () => answerWeb(live()), ready: async () => answerWeb(await ready()) },
  };
}

async function readiness(sessions: Pick<SessionClient, 'health' | 'ready'>): Promise<ProbeAnswer> {
  const failure = await openingFailure(sessions);
  const health = await sessions.health();
  const reasons = PARTS.flatMap((part) => reasonOf(part, health[part]));
  const { primary, durable, keys } = health;
  const isPrimaryUsed =
    primary.state === 'up' || (primary.state === 'degraded' && SERVES.includes(primary.reason ?? ''));
  const canServe = keys.state !== 'down' && (durable.state !== 'down' || isPrimaryUsed);
  if (failure === undefined && canServe) {
    return { status: 200, body: { state: reasons.length === 0 ? 'ready' : 'degraded', reasons } };
  }
  return { status: 503, body: { state: 'unready', reasons: failure === undefined ? reasons : [...reasons, failure] } };
}

/** Opens a client that is not open yet: where traffic waits for the probe, no call would. Costs nothing once it is open. */
async function openingFailure(sessions: Pick<SessionClient, 'ready'>): Promise<ProbeReason | undefined> {
  try {
    await sessions.ready({ timeout: 0 });
    return undefined;
  } catch (error) {
    return { part: 'client', state: 'down', reason: isHoldfastError(error) ? error.code : 'unexpected' };
  }
}

function reasonOf(part: ProbeReason['part'], { state, reason = 'unknown' }: TierHealth): ProbeReason[] {
  return state === 'up' ? [] : [{ part, state, reason }];
}

function answerNode(response: NodeAnswer, { status, body }: ProbeAnswer): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  response.end(JSON.stringify(body));
}

function answerWeb({ status, body }: ProbeAnswer): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } });
}
