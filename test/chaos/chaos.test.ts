import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Random } from '../simulation/random.ts';
import { hasGalera } from '../support/servers/galera.ts';
import { redisFlavours } from '../support/servers/redis.ts';
import { RETURN_BOUND_MS, STATEMENTS_MAX } from './bounds.ts';
import { checkAll, type Seen } from './checks.ts';
import type { FleetDatabaseName } from './database/fleet-database.ts';
import { type FaultName, faultsOf, isFault, kindOf } from './faults/faults.ts';
import { Fleet } from './fleet.ts';
import { explain, figures, type Run } from './report.ts';
import type { TopologyName } from './redis/fleet-redis.ts';
import { returnsOf } from './returns.ts';
import { drawRounds } from './rounds.ts';
import { runRounds } from './schedule.ts';
import { StallWatch, unintended } from './stalls.ts';
import { StatementWatch } from './statement-watch.ts';

/** The seed decides the faults and what each caller asks for; real servers and real time decide the rest. */
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e6));
/** The length of a leg: short in `npm test`, longer in `npm run soak`. */
const seconds = Number(process.env['CHAOS_SECONDS'] ?? 12);
/** Such as `redis-frozen,database-reset`, to look at these alone. */
const only = process.env['CHAOS_FAULTS']?.split(',').filter(isFault);

const SETTLING_MS = 120_000;
/** Starting and the last check take processor time from the actors; each keeps at least a call a second. */
const CALLS_PER_SECOND_MIN = 20;

const isLoud = (name: FaultName): boolean => kindOf(name).misleads === undefined;
const loud = faultsOf('standalone', 'postgresql').filter(isLoud);
const silent = faultsOf('standalone', 'postgresql').filter((name) => !isLoud(name));

interface Leg {
  readonly topology: TopologyName;
  /** @defaultValue postgresql */
  readonly database?: FleetDatabaseName;
  readonly what: string;
  readonly names: readonly FaultName[];
  readonly revalidateAfterMs: number;
}

const LEGS: readonly (Leg & { readonly seed: number })[] = (
  [
    { topology: 'standalone', what: 'servers, wires and processes break', names: loud, revalidateAfterMs: 60_000 },
    { topology: 'standalone', what: 'they break in another order', names: loud, revalidateAfterMs: 60_000 },
    // With a short `revalidateAfter`, so that its end is seen.
    {
      topology: 'standalone',
      what: 'Redis goes back in time unnoticed',
      names: [...loud, ...silent, ...silent, ...silent, ...silent],
      revalidateAfterMs: 4_000,
    },
    {
      topology: 'cluster',
      what: 'a cluster loses masters and moves slots',
      names: faultsOf('cluster', 'postgresql'),
      revalidateAfterMs: 60_000,
    },
    {
      topology: 'sentinel',
      what: 'Sentinel replaces the master',
      names: faultsOf('sentinel', 'postgresql'),
      revalidateAfterMs: 60_000,
    },
    {
      topology: 'standalone',
      database: 'galera',
      what: 'each has a server of a Galera cluster to itself',
      names: faultsOf('standalone', 'galera').filter(isLoud),
      revalidateAfterMs: 60_000,
    },
  ] satisfies readonly Leg[]
).map((leg, at) => ({ ...leg, seed: seed + at }));

const LEGS_OF_POSTGRES = LEGS.filter(({ database }) => database !== 'galera').length;
/** One of those with PostgreSQL in `npm test`, whichever the seed says; `npm run soak` sets this. */
const legs =
  process.env['CHAOS_LEGS'] === 'all'
    ? LEGS.filter(({ database }) => database !== 'galera' || hasGalera())
    : LEGS.filter((_leg, at) => at === seed % LEGS_OF_POSTGRES);

async function run(leg: (typeof LEGS)[number]): Promise<Run> {
  const { seed: legSeed, topology, database = 'postgresql', names, revalidateAfterMs } = leg;
  const flavours = redisFlavours();
  const flavour = flavours[legSeed % flavours.length]!;
  await using fleet = await Fleet.start({ seed: legSeed, topology, flavour, database, revalidateAfterMs });
  const watches = fleet.database.watched.map((connect) => new StatementWatch(connect));
  const stallWatch = new StallWatch();
  await fleet.work();
  const disturbances = await runRounds(fleet, drawRounds(new Random(legSeed), only ?? names), seconds);
  await fleet.rest();
  // It remembers nothing: what only the memory of the others kept from being served, it would serve.
  await fleet.addNode(0);
  await fleet.look();
  const { events, stalls: ofNodes } = await fleet.report();
  await Promise.all(watches.map((watch) => watch.stop()));
  stallWatch.stop();
  const history = fleet
    .operations()
    .sort((a, b) => a.invokedAt - b.invokedAt)
    .map((operation, index) => ({ ...operation, index }));
  const stalls = unintended([...watches.flatMap(({ slow }) => slow), ...stallWatch.stalls, ...ofNodes], disturbances);
  const seen: Seen = { history, disturbances, killed: fleet.killed, revalidateAfterMs, stalls };
  const [verdict, returns] = [checkAll(seen), returnsOf(seen)];
  return {
    ...seen,
    seed: legSeed,
    server: `${flavour} ${topology}, ${database}`,
    events,
    returns,
    verdict,
    statements: new Map(watches.flatMap(({ most }) => [...most])),
    mishaps: fleet.database.mishaps,
  };
}

it.each(legs)(
  `three processes keep the promises while $what (CHAOS_SEED=${seed})`,
  { timeout: seconds * 1_000 + SETTLING_MS },
  async (leg) => {
    const result = await run(leg);
    process.stdout.write(`${figures(result)}\n`);
    const late = result.returns.filter(({ ms }) => ms === null || ms > RETURN_BOUND_MS);
    if (result.verdict.violations.length > 0 || late.length > 0) keep(result);
    expect(result.verdict.violations.length, explain(result)).toBe(0);
    expect(late, 'Redis was back, but not used').toEqual([]);
    expect(Math.max(0, ...result.statements.values()), 'statements of one node at once').toBeLessThanOrEqual(
      STATEMENTS_MAX,
    );
    // A run in which nothing happened proves nothing.
    expect(result.history.length).toBeGreaterThan(seconds * CALLS_PER_SECOND_MIN);
    expect(result.disturbances.length).toBeGreaterThan(0);
    expect(ofNoEffect(result), 'faults that came to nothing').toEqual([]);
    expect(withoutAnswers(result), 'nodes that had no answer from the database after the last fault').toEqual([]);
  },
);

/** A node that is killed or frozen meanwhile sends nothing that a wire could lose. */
function ofNoEffect({ disturbances }: Run): string[] {
  const excused = new Set(disturbances.filter(({ name }) => kindOf(name).group === 'node').map(({ round }) => round));
  return disturbances.filter(({ tookPlace, round }) => !tookPlace && !excused.has(round)).map(({ name }) => name);
}

function withoutAnswers({ history, disturbances, killed }: Run): string[] {
  const restedAt = Math.max(...disturbances.map(({ endedAt }) => endedAt));
  const answered = new Set(
    history
      .filter(({ invokedAt, outcome }) => invokedAt > restedAt && outcome.kind === 'session')
      .flatMap(({ node, kind }) => (kind === 'strongGet' ? [node] : [])),
  );
  return [...new Set(history.map(({ node }) => node))].filter((node) => !killed.has(node) && !answered.has(node));
}

/** The whole of it, since the same seed may not lead there again. */
function keep(result: Run): void {
  mkdirSync('.cache', { recursive: true });
  const file = `.cache/chaos-${result.seed}.json`;
  writeFileSync(file, JSON.stringify({ ...result, killed: [...result.killed], statements: [...result.statements] }));
  process.stdout.write(`  everything that was seen is in ${file}\n`);
}
