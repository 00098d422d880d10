import { Session, type Profiler } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import { drive, runSlice } from '../measure/slice.ts';
import type { Options } from '../options.ts';
import type { Servers } from '../servers.ts';
import type { SubjectKey } from '../subjects/names.ts';
import type { Subjects } from '../subjects/subjects.ts';

/** The CPU time of one operation in this process by place, in microseconds. */
export interface ProfileResult {
  readonly subject: string;
  /** The share of operations that took another path than the name says, from 0 to 1. */
  readonly astray: number;
  /** The CPU time of the process per operation, in microseconds. */
  readonly busy: number;
  readonly areas: readonly Cost[];
  readonly functions: readonly Cost[];
}

export interface Cost {
  readonly name: string;
  readonly microseconds: number;
}

const PROFILED = ['readAgain', 'floor', 'redisRead', 'downAgain', 'update'] as const satisfies readonly SubjectKey[];
const SAMPLING_US = 200;
const FUNCTIONS_SHOWN = 25;

/**
 * Measures self times with V8's sampling profiler. It samples by the wall clock, also while another process has the
 * processor, so the samples are scaled to the CPU time of the process. It slows code down by some percent.
 */
export async function profile(
  subjects: Subjects,
  { throughput: { callers, ms }, profileMs }: Options,
  servers: Servers,
): Promise<ProfileResult[]> {
  const results: ProfileResult[] = [];
  for (const subject of subjects.pick(PROFILED)) {
    await runSlice(subject, { callers, ms }, servers);
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_US });
    await subject.prepare?.();
    await session.post('Profiler.start');
    const before = process.cpuUsage();
    const { latencies, strays } = await drive(subject, { callers, ms: profileMs });
    const { user, system } = process.cpuUsage(before);
    const { profile: recorded } = await session.post('Profiler.stop');
    session.disconnect();
    results.push({
      subject: subject.name,
      astray: strays / latencies.length,
      ...selfTimes(recorded, (user + system) / latencies.length),
    });
  }
  return results;
}

/** Returns the samples' shares of `busy` microseconds. */
function selfTimes(
  { nodes, samples = [] }: Profiler.Profile,
  busy: number,
): Pick<ProfileResult, 'areas' | 'busy' | 'functions'> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const counted = samples.flatMap((id) => {
    const frame = frames.get(id);
    const isWork = frame !== undefined && frame.functionName !== '(idle)' && frame.url !== 'node:inspector';
    return isWork ? [frame] : [];
  });
  const areas = new Map<string, number>();
  const functions = new Map<string, number>();
  for (const frame of counted) {
    const microseconds = busy / counted.length;
    add(areas, areaOf(frame), microseconds);
    add(functions, `${frame.functionName || '(anonymous)'} ${placeOf(frame)}`.trim(), microseconds);
  }
  return { busy, areas: costliest(areas), functions: costliest(functions).slice(0, FUNCTIONS_SHOWN) };
}

function add(sums: Map<string, number>, name: string, microseconds: number): void {
  sums.set(name, (sums.get(name) ?? 0) + microseconds);
}

function costliest(sums: ReadonlyMap<string, number>): Cost[] {
  return [...sums]
    .map(([name, microseconds]) => ({ name, microseconds }))
    .toSorted((a, b) => b.microseconds - a.microseconds);
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Returns a path that is the same on every machine. */
function placeOf({ url, lineNumber }: Profiler.Profile['nodes'][number]['callFrame']): string {
  if (url === '') return '';
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const inPackages = path.split('/node_modules/').at(-1) ?? path;
  const short = path.includes('/node_modules/') ? inPackages : path.replace(ROOT, '');
  return `${short}:${lineNumber + 1}`;
}

/** Returns the area: one of our folders, a package, or Node's own modules. */
function areaOf(frame: Profiler.Profile['nodes'][number]['callFrame']): string {
  const place = placeOf(frame);
  if (place === '') return frame.functionName.startsWith('(') ? frame.functionName : 'V8 and C++';
  if (place.startsWith('src/')) return place.split('/').slice(0, -1).join('/');
  if (place.startsWith('bench/')) return 'bench';
  if (place.startsWith('node:')) return place.split(':').slice(0, 2).join(':');
  return place
    .split('/')
    .slice(0, place.startsWith('@') ? 2 : 1)
    .join('/');
}
