import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, onTestFinished } from 'vitest';
import { RevocationNotDurableError } from '../../src/index.ts';
import { TierFailure } from '../../src/errors.ts';
import { DURABLE_TIMEOUT_MS_DEFAULT, LATECOMER_TIMEOUTS } from '../../src/limits/durable-tier.ts';
import { storageKeyOf } from '../../src/session/session-id.ts';
import { settled } from './fake-platform.ts';
import { type MemoryFleet, refuse, type FleetNode } from './memory-fleet.ts';

export const GIVEN_UP_MS = LATECOMER_TIMEOUTS * DURABLE_TIMEOUT_MS_DEFAULT;

export const USER = 'u_42';

/** A session that was destroyed while this node did not reach the database. */
export async function destroyedInOutage(fleet: MemoryFleet, userId?: string) {
  const node = await fleet.node();
  const { id } = await node.sessions.create({ cart: [] }, userId === undefined ? {} : { userId });
  await node.sessions.get(id);
  await settled();
  node.durable.hook.before = refuse;
  await expect(node.sessions.destroy(id)).rejects.toThrow(RevocationNotDurableError);
  return { node, id };
}

/** Nobody can lock a row of the memory tier, so its revocation is what never comes back in time. */
export function lockRows(node: FleetNode, ids: readonly string[]): { readonly attempts: () => number; unlock(): void } {
  const locked = new Set(ids.map((id) => storageKeyOf(id).toString('hex')));
  let attempts = 0;
  node.durable.override('sessions.revoke', async (own, ...args) => {
    const [command] = args as [{ readonly storageKey: Buffer }];
    if (!locked.has(command.storageKey.toString('hex'))) return own(...args);
    attempts += 1;
    throw new TierFailure('rejected', 'lock-timeout');
  });
  return { attempts: () => attempts, unlock: () => locked.clear() };
}

export function lostRevocations(): () => unknown[] {
  const messages: unknown[] = [];
  const receive = (message: unknown): void => void messages.push(message);
  subscribe('holdfast:revocation-lost', receive);
  onTestFinished(() => void unsubscribe('holdfast:revocation-lost', receive));
  return () => messages;
}
