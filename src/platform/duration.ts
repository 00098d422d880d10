import { ConfigurationError } from '../errors.ts';

/** Milliseconds as a number, or a whole number with a unit: `'250ms'`, `'30s'`, `'15m'`, `'12h'`, `'7d'`. */
export type Duration = number | `${number}${'d' | 'h' | 'm' | 'ms' | 's'}`;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SPELLED = /^(\d{1,12})(ms|s|m|h|d)$/;

/**
 * Returns `value` in milliseconds.
 * @throws {ConfigurationError} it is no duration, or out of range. Names the option, the value and the range.
 */
export function parseDuration(option: string, value: unknown, minMs: number, maxMs: number): number {
  const ms = toMs(value);
  if (ms === undefined || ms < minMs || ms > maxMs) {
    throw new ConfigurationError(
      `${option}: expected a duration from ${spell(minMs)} to ${spell(maxMs)}: milliseconds as a number, or a whole number and ` +
        `one of the units ms, s, m, h, d without a space, such as '30m' or '2h'; but got ${describeDuration(value)}.`,
    );
  }
  return ms;
}

function toMs(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  const match = typeof value === 'string' ? SPELLED.exec(value) : null;
  return match === null ? undefined : Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN);
}

/** Shows what begins like a duration, such as `2 hours`, and only the type of any other text. */
function describeDuration(value: unknown): string {
  const isLike = typeof value === 'string' && /^[+-]?\d[\d.,]{0,11} ?[a-z]{0,12}$/i.test(value);
  return isLike ? `'${value}'` : describe(value);
}

/** Returns a duration in the largest unit that fits. */
export function spell(ms: number): string {
  if (ms === 0) return '0s';
  const unit = ['d', 'h', 'm', 's'].find((name) => ms % (UNIT_MS[name] ?? 1) === 0) ?? 'ms';
  return `${ms / (UNIT_MS[unit] ?? 1)}${unit}`;
}

/** Returns a value as a message may show it. A text that may be a passphrase, a url or a user id is not shown. */
export function describe(value: unknown): string {
  if (typeof value === 'string')
    return /^[\w.-]{0,12}$/.test(value) && /^\d|^$/.test(value) ? `'${value}'` : 'a string';
  if (value === null || ['boolean', 'number', 'undefined'].includes(typeof value)) return String(value);
  if (value instanceof Promise) return 'a Promise (did you forget await?)';
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}

/** Returns the type of a value, for options whose value may be secret: a user id or a PIN is often a number. */
export function describeKind(value: unknown): string {
  return ['bigint', 'number', 'string'].includes(typeof value) ? `a ${typeof value}` : describe(value);
}
