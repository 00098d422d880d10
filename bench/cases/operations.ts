import { cycle, inParallel } from '../measure/in-parallel.ts';
import { summarize, type Summary } from '../measure/statistics.ts';
import type { Options } from '../options.ts';
import type { Servers } from '../servers.ts';
import { newSessionData } from '../session-data.ts';
import { openStore, STORE_NAMES, type StoreName } from '../stores/all.ts';
import type { Store } from '../stores/store.ts';

export interface OperationsResult {
  readonly count: number;
  readonly stores: readonly StoreSeconds[];
}

/** The seconds that a store takes for the whole list of operations. */
export interface StoreSeconds {
  readonly store: string;
  readonly oneByOne: Summary;
  readonly concurrent: Summary;
}

type Operation = (store: Store) => Promise<unknown>;

/** A mix of 20 operations, as in the sessions of a shop. */
const MIX = ['create', 'destroy', 'update', 'update', ...Array.from({ length: 16 }, () => 'read' as const)] as const;
const SLOW: readonly StoreName[] = ['prisma-session-store'];
const SESSIONS = 500;
const CALLERS = 128;

/**
 * Runs the same mixed operations, first one after the other and then concurrently, and measures from the first to the
 * last answer.
 */
export async function operations(servers: Servers, options: Options): Promise<OperationsResult> {
  const { count, rounds, withSlowPeers } = options.operations;
  const names = STORE_NAMES.filter((name) => withSlowPeers || !SLOW.includes(name));
  await using closing = new AsyncDisposableStack();
  const contenders = [];
  for (const name of names) {
    const store = await openStore(name, servers, 'operations');
    closing.defer(() => store.close());
    contenders.push({ store, oneByOne: [] as number[], concurrent: [] as number[] });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { store, oneByOne, concurrent } of contenders) {
      oneByOne.push(await secondsFor(store, count, 1));
      concurrent.push(await secondsFor(store, count, CALLERS));
    }
  }
  const stores = contenders.map(({ store, oneByOne, concurrent }) => ({
    store: store.name,
    oneByOne: summarize(oneByOne),
    concurrent: summarize(concurrent),
  }));
  return { count, stores };
}

async function secondsFor(store: Store, count: number, callers: number): Promise<number> {
  const list = await listOfOperations(store, count);
  const start = performance.now();
  await inParallel(list, callers, (operation) => operation(store));
  return (performance.now() - start) / 1_000;
}

/**
 * Returns the operations. A session that is destroyed is not used otherwise, so the order of concurrent operations does
 * not matter.
 */
async function listOfOperations(store: Store, count: number): Promise<Operation[]> {
  const sessions = Array.from({ length: SESSIONS + Math.ceil(count / MIX.length) }, (_, at) => newSessionData(at));
  const ids = await inParallel(sessions, CALLERS, (data) => store.create(data));
  await inParallel(ids, CALLERS, (id) => store.read(id));
  const next = cycle(ids.slice(0, SESSIONS));
  const doomed = cycle(ids.slice(SESSIONS));
  const nextKind = cycle(MIX);
  return Array.from({ length: count }, (_, at) => operationOf(nextKind(), at, next, doomed));
}

function operationOf(kind: (typeof MIX)[number], at: number, next: () => string, doomed: () => string): Operation {
  switch (kind) {
    case 'create':
      return (store) => store.create(newSessionData(at));
    case 'read': {
      const id = next();
      return (store) => store.read(id);
    }
    case 'update': {
      const id = next();
      return (store) => store.update(id);
    }
    case 'destroy': {
      const id = doomed();
      return (store) => store.destroy(id);
    }
    default:
      return kind satisfies never;
  }
}
