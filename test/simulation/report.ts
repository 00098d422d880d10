import { storageKeyOf } from '../../src/session/session-id.ts';
import { describeOperation } from './history.ts';
import type { SimulationResult } from './simulation.ts';
import { shortKey } from './outcomes.ts';

const TRACE_LINES_MAX = 120;

/** What went wrong, and what happened to the session before: enough to understand it without running it again. */
export function report(result: SimulationResult, isVerbose: boolean): string {
  const { plan, violations, history, trace } = result;
  const [first] = violations;
  const { faults, seed, ...rest } = plan;
  const lines = [
    `--- seed ${seed}: ${violations.length} violations`,
    `    ${JSON.stringify(rest)}`,
    ...faults.map(
      ({ kind, at, lengthMs, probability }) =>
        `    fault ${kind} at ${at.toFixed(0)} for ${lengthMs.toFixed(0)} ms, chance ${probability.toFixed(2)}`,
    ),
    ...violations
      .slice(0, isVerbose ? 100 : 3)
      .flatMap(({ rule, message, operations, session }) => [
        `  ${rule} (session ${String(session)}): ${message}`,
        ...operations.map((operation) => `      ${describeOperation(operation)}`),
      ]),
  ];
  if (isVerbose && first !== undefined) {
    const about = history.filter(({ session, kind }) => session === first.session || kind === 'destroyByUser');
    const ids = new Set(about.flatMap(({ id, outcome }) => [id, outcome.kind === 'session' ? outcome.id : null]));
    const keys = [...ids].flatMap((id) => (id === null ? [] : [shortKey(storageKeyOf(id))]));
    const end = Math.max(
      0,
      ...first.operations.map(({ returnedAt, invokedAt }) => (returnedAt === Infinity ? invokedAt : returnedAt)),
    );
    const relevant = trace
      .filter((line) => end === 0 || Number.parseFloat(line) <= end + 1)
      .filter(
        (line) =>
          line.includes('!!!') ||
          line.includes('lost its connection') ||
          keys.some((key) => line.includes(key)) ||
          /^ *[\d.]+ {2}[<>] .*destroyByUser/.test(line) ||
          about.some(({ index }) => line.includes(` #${index} `)),
      );
    lines.push('  trace:', ...relevant.slice(-TRACE_LINES_MAX).map((line) => `   ${line}`));
  }
  return lines.join('\n');
}
