import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { drive } from '../measure/slice.ts';
import { median } from '../measure/statistics.ts';
import type { Visits } from './visits.ts';

/** The cost of a page on the wires to Redis and to the database. */
export interface Wire {
  /** The commands of one request by itself, the median of some, by name and with those that a script calls. */
  readonly commands: Readonly<Record<string, number>>;
  readonly statements: number;
  /** The commands per request under load, where requests share them, with those of background work. */
  readonly commandsUnderLoad: number;
  readonly statementsUnderLoad: number;
}

interface Counts {
  readonly commands: ReadonlyMap<string, number>;
  readonly statements: number;
}

const SINGLE_REQUESTS = 21;
/** The time in which work after the response is sent. */
const AFTERWARDS_MS = 5;
/** The passes under load. Their median leaves out bursts of background work that not every pass has. */
const LOAD_PASSES = 5;
const LOAD_MS = 80;

export async function wireOf(visits: Visits, admin: Redis, callers: number): Promise<Wire> {
  await visits.prepare?.();
  const single: Counts[] = [];
  for (let count = 0; count < SINGLE_REQUESTS; count += 1) {
    single.push(await countedDuring(visits, admin, () => visits.call()));
  }
  const loaded: PerRequest[] = [];
  for (let pass = 0; pass < LOAD_PASSES; pass += 1) loaded.push(await underLoad(visits, admin, callers));
  const names = [...new Set(single.flatMap(({ commands }) => [...commands.keys()]))];
  const typical = names.map((name) => [name, median(single.map(({ commands }) => commands.get(name) ?? 0))] as const);
  return {
    commands: Object.fromEntries(typical.filter(([, count]) => count > 0)),
    statements: median(single.map(({ statements }) => statements)),
    commandsUnderLoad: median(loaded.map(({ commands }) => commands)),
    statementsUnderLoad: median(loaded.map(({ statements }) => statements)),
  };
}

interface PerRequest {
  readonly commands: number;
  readonly statements: number;
}

async function underLoad(visits: Visits, admin: Redis, callers: number): Promise<PerRequest> {
  let requests = 0;
  const { commands, statements } = await countedDuring(visits, admin, async () => {
    requests = (await drive(visits, { callers, ms: LOAD_MS })).latencies.length;
  });
  const total = [...commands.values()].reduce((sum, count) => sum + count, 0);
  return { commands: total / requests, statements: statements / requests };
}

async function countedDuring({ site }: Visits, admin: Redis, call: () => Promise<unknown>): Promise<Counts> {
  const from = { commands: await commandsSoFar(admin), ...(await site.usage()) };
  await call();
  await pause(AFTERWARDS_MS);
  const to = { commands: await commandsSoFar(admin), ...(await site.usage()) };
  const commands = [...to.commands].map(([name, count]) => [name, count - (from.commands.get(name) ?? 0)] as const);
  return { commands: new Map(commands.filter(([, count]) => count > 0)), statements: to.statements - from.statements };
}

/** Returns the commands so far, without those of the connection that asks. */
async function commandsSoFar(admin: Redis): Promise<ReadonlyMap<string, number>> {
  const stats = (await admin.info('commandstats')).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm);
  return new Map(
    [...stats].map(([, name = '', calls]) => [name, Number(calls)] as const).filter(([name]) => name !== 'info'),
  );
}
