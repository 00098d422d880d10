/**
 * The modules that a module may import. No tier can reach `codec` or `keys`: so the library's promise that storage
 * never sees a key or plaintext is a row of this table. `check-boundaries.ts` checks the sources.
 */
export interface Module {
  /** The other modules that this one may import; it may always import its own files. */
  readonly modules: readonly string[] | 'any';
  /** The third-party packages that only this module imports. Node's own modules may be imported anywhere. */
  readonly packages?: readonly string[];
}

const LEAVES = ['errors.ts', 'limits', 'option-checks.ts', 'platform', 'telemetry'];
const CONTRACTS = [
  'tiers/context.ts',
  'tiers/diagnosis.ts',
  'tiers/durable.ts',
  'tiers/durable',
  'tiers/one-server.ts',
  'tiers/primary.ts',
];
const TIER = [...LEAVES, 'session', 'tiers/loopback.ts', ...CONTRACTS];
const CODEC_AND_TIERING = [...TIER, 'keys', 'codec', 'tiering'];
const ADAPTER = [...LEAVES, 'http', 'client'];

/** The table, by path under src. A file belongs to the longest path that it starts with. */
export const boundaries: Readonly<Record<string, Module>> = {
  'errors.ts': { modules: [] },
  limits: { modules: [] },
  'option-checks.ts': { modules: ['errors.ts', 'platform'] },
  platform: { modules: ['errors.ts', 'limits'] },
  telemetry: { modules: ['errors.ts', 'platform'] },
  session: { modules: LEAVES },
  keys: { modules: [...LEAVES, 'session'], packages: ['jose'] },
  codec: { modules: [...LEAVES, 'session', 'keys'] },
  // The platform, because a tier gets the one that it has to use.
  'tiers/context.ts': { modules: ['platform'] },
  'tiers/durable': { modules: ['session'] },
  'tiers/diagnosis.ts': { modules: ['errors.ts'] },
  'tiers/loopback.ts': { modules: [] },
  'tiers/durable.ts': { modules: ['tiers/context.ts', 'tiers/diagnosis.ts', 'tiers/durable'] },
  'tiers/primary.ts': { modules: ['errors.ts', 'tiers/context.ts', 'tiers/diagnosis.ts'] },
  'tiers/one-server.ts': { modules: ['errors.ts', 'tiers/context.ts', 'tiers/diagnosis.ts', 'tiers/primary.ts'] },
  'tiers/index.ts': { modules: ['errors.ts', 'limits', 'platform', 'session', ...CONTRACTS] },
  'tiers/memory': { modules: TIER },
  'tiers/redis': { modules: TIER, packages: ['ioredis'] },
  // SQL knows no client: it is text and values, and what rows mean.
  'tiers/sql': { modules: TIER },
  // No package: a Prisma client is known by its shape alone, so that no generated client ties us to a version.
  'tiers/prisma': { modules: [...TIER, 'tiers/sql'] },
  tiering: { modules: TIER },
  // Nodes compare rings and report them: they see no session, and no way to one.
  fleet: { modules: [...TIER, 'keys'] },
  upkeep: { modules: [...CODEC_AND_TIERING, 'fleet'] },
  engine: { modules: [...CODEC_AND_TIERING, 'fleet', 'upkeep'] },
  client: { modules: [...CODEC_AND_TIERING, 'fleet', 'upkeep', 'engine'] },
  http: { modules: [...LEAVES, 'client'] },
  // Express, Fastify and Koa are known by their shape alone, so that no version of their types ties us.
  'adapters/express': { modules: ADAPTER },
  'adapters/express-session': { modules: ADAPTER, packages: ['express-session'] },
  'adapters/fastify': { modules: ADAPTER },
  'adapters/hono': { modules: ADAPTER, packages: ['hono'] },
  'adapters/koa': { modules: ADAPTER },
  'adapters/next': { modules: ADAPTER, packages: ['next'] },
  'adapters/web': { modules: ADAPTER },
  // Clients are known by their shape alone: metrics need what they publish and their health.
  otel: { modules: LEAVES, packages: ['@opentelemetry/api'] },
  testing: { modules: TIER },
  cli: { modules: 'any' },
  'index.ts': { modules: [...CODEC_AND_TIERING, 'fleet', 'upkeep', 'engine', 'client'] },
};

/** The one module that reads the clock, draws random numbers and starts timers. */
export const PLATFORM = 'platform';
