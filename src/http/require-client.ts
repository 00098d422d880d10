import type { HttpSupport } from '../client/http-support.ts';
import { ConfigurationError } from '../errors.ts';
import { describe } from '../platform/duration.ts';

const METHODS = ['begin', 'cookieKeys', 'refusedCookie', 'slide'] as const satisfies readonly (keyof HttpSupport<
  unknown,
  unknown
>)[];

/**
 * Refuses a value that is not a `SessionClient`. It accepts one of another copy of the package, which bundlers make.
 * @throws {ConfigurationError} the value is not a client.
 */
export function requireClient(value: unknown): void {
  const support = (value as { readonly '~http'?: Readonly<Record<string, unknown>> } | null | undefined)?.['~http'];
  if (METHODS.every((method) => typeof support?.[method] === 'function')) return;
  throw new ConfigurationError(`sessions: expected a SessionClient, but got ${describe(value)}.`);
}
