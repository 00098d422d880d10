import type { Engine } from '../engine/engine.ts';
import { ConfigurationError } from '../errors.ts';
import { describe } from '../platform/duration.ts';
import { SessionClient } from './session-client.ts';

/**
 * A client, whatever the data of its sessions. Only its class says so, but a type that named all of its methods would not fit one with
 * other data.
 */
export type AnyClient = Pick<SessionClient, 'close' | 'health' | 'namespace'>;

/** The engine that a client runs on. Throws `ConfigurationError` for anything but a client of this copy of the package. */
export function requireEngine(what: string, client: unknown): Engine {
  const engine = SessionClient.engineOf(client);
  if (engine !== undefined) return engine;
  throw new ConfigurationError(`${what}: sessions: expected a SessionClient, but got ${describe(client)}.`);
}
