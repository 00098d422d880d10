import type { Session } from '../../src/index.ts';
import { collectGarbage } from '../measure/garbage.ts';
import { inParallel } from '../measure/in-parallel.ts';
import type { Options } from '../options.ts';
import type { Servers } from '../servers.ts';
import { newSessionData, type SessionData } from '../session-data.ts';
import { openClient, openDatabase } from '../stores/holdfast.ts';

/** The memory of a process, after a garbage collection. */
export interface HeapStep {
  readonly when: string;
  /** `heapUsed` in MiB. */
  readonly heap: number;
  /** `external`, which has the buffers, in MiB. */
  readonly external: number;
  /** The heap and external memory above those of an idle client, divided by the sessions, in bytes. */
  readonly perSession: number;
}

const CALLERS = 128;
const MIB = 1024 * 1024;

/** Measures what many live sessions cost a process that reads them all, and one that keeps all of them in hand. */
export async function heap(servers: Servers, { live }: Options): Promise<HeapStep[]> {
  const database = await openDatabase(servers, 'heap');
  const writer = await openClient(servers, database);
  const ids = await inParallel(
    Array.from({ length: live }, (_, at) => at),
    CALLERS,
    async (n) => (await writer.create(newSessionData(n))).id,
  );
  await writer.close();
  const sessions = await openClient(servers, database);
  const steps: HeapStep[] = [];
  const measure = async (when: string): Promise<void> => {
    await collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    const [heapMiB, externalMiB] = [heapUsed / MIB, external / MIB];
    const idle = steps[0] ?? { heap: heapMiB, external: externalMiB };
    const perSession = ((heapMiB - idle.heap + externalMiB - idle.external) * MIB) / live;
    steps.push({ when, heap: heapMiB, external: externalMiB, perSession });
  };
  await measure('client opened, nothing read');
  await inParallel(ids, CALLERS, async (id) => (await sessions.get(id))?.data.visits);
  await measure(`${live.toLocaleString('en')} sessions read once`);
  const held: (Session<SessionData> | null)[] = await inParallel(ids, CALLERS, async (id) => {
    const session = await sessions.get(id);
    void session?.data.visits;
    return session;
  });
  await measure(`${held.length.toLocaleString('en')} sessions in hand, their data parsed`);
  await sessions.close();
  await database.close();
  return steps;
}
