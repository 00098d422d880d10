import { ConfigurationError } from './errors.ts';
import { describe } from './platform/duration.ts';

/** Refuses what is not an object and names that nobody knows: a misspelt option must not be ignored. */
export function requireOptions(what: string, value: unknown, names: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigurationError(`${what}: expected an object, but got ${describe(value)}.`);
  }
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) {
      const shown = /^[a-zA-Z]{1,24}$/.test(name) ? `'${name}'` : 'with another name';
      throw new ConfigurationError(`${what}: unknown option ${shown}; expected ${names.join(', ')}.`);
    }
  }
}

export function requireInteger(option: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new ConfigurationError(`${option}: expected a whole number from ${min} to ${max}, but got ${describe(value)}.`);
}

export function requireMethods<V extends object>(
  option: string,
  value: V,
  methods: readonly string[],
  expected: string,
): V {
  const candidate: unknown = value;
  const isFit =
    typeof candidate === 'object' &&
    candidate !== null &&
    methods.every((method) => typeof (candidate as Record<string, unknown>)[method] === 'function');
  if (!isFit) throw new ConfigurationError(`${option}: expected ${expected}, but got ${describe(candidate)}.`);
  return value;
}
