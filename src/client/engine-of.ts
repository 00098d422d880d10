import type { Engine } from '../engine/engine.ts';
import { ConfigurationError } from '../errors.ts';
import { describe } from '../platform/duration.ts';
import { SessionClient } from './session-client.ts';

/** A client, whatever the data of its sessions. */
export type AnyClient = Pick<SessionClient, 'close' | 'health' | 'namespace'>;

/**
 * Returns the engine that a client runs on, for the function `what`.
 * @throws {ConfigurationError} for anything but a client of this copy of the package.
 */
export function requireEngine(what: string, client: unknown): Engine {
  const engine = SessionClient.engineOf(client);
  if (engine !== undefined) return engine;
  throw new ConfigurationError(`${what}: sessions: expected a SessionClient, but got ${describeNoClient(client)}.`);
}

/** Describes a value that is no client of this copy of the package. */
export function describeNoClient(value: unknown): string {
  const isForeign = typeof value === 'object' && value !== null && '~http' in value;
  return isForeign ? 'one of another copy of the package' : describe(value);
}
