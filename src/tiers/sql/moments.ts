import type { WriteCommand } from '../durable.ts';

/** The last millisecond at which a write may run. The clocks of databases show whole milliseconds. */
export function lastMoment(validUntil: number | null): number {
  return Math.floor(validUntil ?? Number.MAX_SAFE_INTEGER);
}

/** The first whole millisecond that is not before this time. */
export function firstMoment(time: number): number {
  return Math.ceil(time);
}

/** The last millisecond at which all of these writes may run. */
export function firstDeadline(commands: readonly WriteCommand[]): number {
  return Math.min(...commands.map(({ validUntil }) => lastMoment(validUntil)));
}
