import { ConfigurationError } from '../../../errors.ts';

/** No message quotes a value: a URL may hold a password, and so may a misplaced option. */
export function invalid(problem: string): ConfigurationError {
  return new ConfigurationError(`redisTier: ${problem}.`);
}

export function nonEmpty(name: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw invalid(`${name} must be a string that is not empty, or left out`);
}
