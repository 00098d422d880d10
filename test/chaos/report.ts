import { describeOperation, type History, type Violation } from '../simulation/history.ts';
import { percentile } from '../support/real-client.ts';
import type { ChaosVerdict, Seen } from './checks.ts';
import type { TierEvent } from './messages.ts';
import type { Return } from './returns.ts';
import type { Disturbance } from './schedule.ts';

export interface Run extends Seen {
  readonly seed: number;
  readonly server: string;
  readonly events: readonly TierEvent[];
  readonly returns: readonly Return[];
  readonly verdict: ChaosVerdict;
  readonly statements: ReadonlyMap<string, number>;
  /** Statements that were lost, or whose answers were. */
  readonly mishaps: number;
}

const VIOLATIONS_SHOWN = 5;
const OPERATIONS_SHOWN = 40;

/** The figures of a run, for a person. */
export function figures({
  seed,
  server,
  history,
  disturbances,
  returns,
  verdict,
  statements,
  mishaps,
  stalls,
}: Run): string {
  const failures = tally(history.flatMap(({ outcome }) => (outcome.kind === 'failed' ? [outcome.code] : [])));
  const sessions = new Set(history.flatMap(({ session, outcome }) => (outcome.kind === 'session' ? [session] : [])))
    .size;
  const back = returns.flatMap(({ ms }) => (ms === null ? [] : [ms]));
  const slowest = tallyMax(history.map(({ kind, invokedAt, returnedAt }) => [kind, returnedAt - invokedAt]));
  const stalledMs = stalls.reduce((sum, { from, to }) => sum + to - from, 0);
  return [
    `chaos seed ${seed}, ${server}: ${history.length} calls on ${sessions} sessions, ${disturbances.length} faults (${faultNames(disturbances)})`,
    `  answers: ${JSON.stringify(tally(history.map(({ outcome }) => outcome.kind)))}, errors ${JSON.stringify(failures)}`,
    `  slowest, ms: ${JSON.stringify(slowest)}`,
    `  Redis used again after, ms: median ${percentile(back, 0.5).toFixed(0)}, most ${percentile(back, 1).toFixed(0)} of ${back.length}`,
    `  statements at once, most: ${JSON.stringify(Object.fromEntries(statements))}; ${mishaps} lost, late or unanswered`,
    `  violations ${verdict.violations.length} ${JSON.stringify(tally(verdict.violations.map(({ rule }) => rule)))}, undecided ${verdict.undecided}; the machine stalled ${stalls.length} times, ${stalledMs.toFixed(0)} ms`,
  ].join('\n');
}

/** The first of each kind of what went wrong, and what happened to that session until then. */
export function explain({ history, disturbances, events, verdict }: Run): string {
  const seen = new Set<string>();
  return verdict.violations
    .filter(({ rule }) => !seen.has(rule) && seen.add(rule))
    .slice(0, VIOLATIONS_SHOWN)
    .map((violation) => explainOne(violation, history, disturbances, events))
    .join('\n');
}

function explainOne(
  { rule, message, session, operations }: Violation,
  history: History,
  disturbances: readonly Disturbance[],
  events: readonly TierEvent[],
): string {
  const last = operations.at(-1);
  const at = last?.invokedAt ?? Infinity;
  const users = new Set(history.flatMap((operation) => (operation.session === session ? [operation.userId] : [])));
  const before = history
    .filter((operation) => operation.session === session || (operation.session === null && users.has(operation.userId)))
    .filter(({ invokedAt }) => invokedAt <= at)
    .slice(-OPERATIONS_SHOWN);
  const from = Math.min(before[0]?.invokedAt ?? 0, at - 5_000);
  const lines = [
    ...before.map((operation) => ({ at: operation.invokedAt, line: describeOperation(operation) })),
    ...disturbances.map(({ name, choice, node, beganAt }) => ({
      at: beganAt,
      line: `!!! ${name} (${node}, ${choice.toFixed(2)}) begins`,
    })),
    ...disturbances.map(({ name, endedAt }) => ({ at: endedAt, line: `!!! ${name} has ended` })),
    ...events.map((event) => ({
      at: event.at,
      line: `    ${event.node} ${event.tier} ${event.state} (${event.reason})`,
    })),
  ];
  const shown = lines.filter((line) => line.at >= from && line.at <= at + 1).sort((a, b) => a.at - b.at);
  return [
    `${rule} (session ${String(session)}): ${message}`,
    ...operations.slice(0, 4).map((operation) => `    ${describeOperation(operation)}`),
    '  before that:',
    ...shown.map((line) => `    ${line.at.toFixed(1)} ${line.line}`),
  ].join('\n');
}

function faultNames(disturbances: readonly Disturbance[]): string {
  const rounds: string[] = [];
  for (const { name, round } of disturbances)
    rounds[round] = rounds[round] === undefined ? name : `${rounds[round]} + ${name}`;
  return rounds.filter(Boolean).join(', ');
}

function tally(words: readonly string[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const word of words) result[word] = (result[word] ?? 0) + 1;
  return result;
}

function tallyMax(pairs: readonly (readonly [string, number])[]): Record<string, number> {
  const result: Record<string, number> = {};
  for (const [name, value] of pairs) result[name] = Math.max(result[name] ?? 0, Math.round(value));
  return result;
}
