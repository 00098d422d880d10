import { ConfigurationError } from './errors.ts';
import { describe, describeKind } from './platform/duration.ts';

/**
 * Returns a frozen copy of the own properties of `value`: what a polluted `Object.prototype` adds is not an option.
 * @throws {ConfigurationError} it is not an object, or has a name that is not in `names`, such as a misspelt one.
 */
export function requireOptions<Options extends object>(
  what: string,
  value: Options,
  names: readonly string[],
): Options {
  const given: unknown = value;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigurationError(`${what}: expected an object, but got ${describeKind(given)}.`);
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const shown = /^[a-zA-Z]{1,24}$/.test(unknown) ? `'${unknown}'` : 'with another name';
    throw new ConfigurationError(`${what}: unknown option ${shown}; expected ${names.join(', ')}.`);
  }
  return Object.freeze(Object.assign(Object.create(null) as Options, given));
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

/** Checks what a subscription of the application returned, so that the mistake shows now and not in `close`. */
export function requireEnding(option: string, ending: () => void): () => void {
  const candidate: unknown = ending;
  if (typeof candidate === 'function') return ending;
  throw new ConfigurationError(
    `${option}: expected it to return a function that ends it, but got ${describe(candidate)}.`,
  );
}
