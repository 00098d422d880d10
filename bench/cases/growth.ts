import { inParallel, cycle } from '../measure/in-parallel.ts';
import { runSlice, type Measurement, type Subject } from '../measure/slice.ts';
import type { Options } from '../options.ts';
import type { Servers } from '../servers.ts';
import { newSessionData } from '../session-data.ts';
import { countVisit, openClient, openDatabase, type BenchClient } from '../stores/holdfast.ts';

/** Each operation with this many sessions in the table. */
export interface GrowthStep {
  readonly sessions: number;
  readonly operations: Readonly<Record<GrowthOperation, Measurement>>;
}

export const GROWTH_OPERATIONS = ['create', 'read hit', 'strong read', 'update'] as const;
export type GrowthOperation = (typeof GROWTH_OPERATIONS)[number];

const CALLERS = 128;
const SLICE_MS = 1_000;
/** Ids that are kept of each step, spread evenly over the table: all of a million would only measure this process' heap. */
const SAMPLED = 1_000;

/** Does it stay as fast when there are a thousand times as many? */
export async function growth(servers: Servers, { growth: sizes, quick }: Options): Promise<GrowthStep[]> {
  const database = await openDatabase(servers, 'growth');
  const sessions = await openClient(servers, database);
  try {
    const steps: GrowthStep[] = [];
    const table = new GrowingTable(sessions);
    for (const size of sizes) {
      await table.growTo(size);
      steps.push(await measureStep(table, servers, quick ? SLICE_MS / 2 : SLICE_MS));
    }
    return steps;
  } finally {
    await sessions.close();
    await database.close();
  }
}

class GrowingTable {
  readonly sessions: BenchClient;
  #ids: string[] = [];
  #size = 0;

  constructor(sessions: BenchClient) {
    this.sessions = sessions;
  }

  get size(): number {
    return this.#size;
  }

  async growTo(size: number): Promise<void> {
    const every = Math.ceil(size / SAMPLED);
    const ids: string[] = [];
    const loops = Array.from({ length: CALLERS }, async () => {
      while (this.#size < size) {
        this.#size += 1;
        const isSampled = this.#size % every === 0;
        const id = await this.create();
        if (isSampled) ids.push(id);
      }
    });
    await Promise.all(loops);
    // Some of those from before stay in: the whole table is read, and not its end.
    this.#ids = [...this.#ids.slice(0, SAMPLED - ids.length), ...ids];
  }

  async create(): Promise<string> {
    const data = newSessionData(this.#size);
    return (await this.sessions.create(data, { userId: data.userId })).id;
  }

  get ids(): readonly string[] {
    return this.#ids;
  }
}

async function measureStep(table: GrowingTable, servers: Servers, ms: number): Promise<GrowthStep> {
  const { sessions, ids, size } = table;
  const nextRead = cycle(ids);
  const nextUpdate = cycle(ids);
  const subjects: Record<GrowthOperation, Subject['call']> = {
    'strong read': async () => (await sessions.get(nextRead(), { consistency: 'strong' }))?.servedBy === 'durable',
    'read hit': async () => (await sessions.get(nextRead()))?.servedBy === 'primary',
    update: async () => (await sessions.update(nextUpdate(), countVisit)).revision > 1,
    create: async () => (await table.create()).length > 0,
  };
  await inParallel(ids, CALLERS, (id) => sessions.get(id));
  const entries: [string, Measurement][] = [];
  for (const [name, call] of Object.entries(subjects)) {
    entries.push([name, await runSlice({ name, call }, { callers: CALLERS, ms }, servers)]);
  }
  return { sessions: size, operations: Object.fromEntries(entries) as GrowthStep['operations'] };
}
