import { expect, it, vi } from 'vitest';
import { cleanUp } from '../../../src/cli/bench/clean-up.ts';
import { OwnSessions } from '../../../src/cli/bench/own-sessions.ts';
import { operationsOf } from '../../../src/cli/bench/operations.ts';
import { SessionClient } from '../../../src/index.ts';
import type { AuditEvent } from '../../../src/telemetry/audit.ts';
import { Steps } from '../../../src/upkeep/steps.ts';
import { memoryClient } from '../../support/memory-client.ts';
import { received } from '../../support/received.ts';

it('a benchmark is no login on the audit stream, and what it ends is ended by an operator', async () => {
  const { sessions: client, platform } = await memoryClient();
  const engine = SessionClient.engineOf(client);
  if (engine === undefined) throw new Error('no client');
  const events = received<AuditEvent>('holdfast:audit');
  const sessions = new OwnSessions({ client, platform, data: {}, lifetimeMs: 60_000 });
  const [destroy] = operationsOf(client, engine, sessions);
  await destroy?.call(1, (await destroy.supply?.()) ?? '');
  expect(events).toMatchObject([{ event: 'created' }, { event: 'ended', by: 'operator' }]);
  await client.close();
});

it('a benchmark deletes a session that began later than it was asked for', async () => {
  const { sessions: client, platform, database } = await memoryClient();
  const engine = SessionClient.engineOf(client);
  if (engine === undefined) throw new Error('no client');
  const sessions = new OwnSessions({ client, platform, data: {}, lifetimeMs: 60_000 });
  const create = client.create.bind(client);
  vi.spyOn(client, 'create').mockImplementationOnce((...args) => {
    platform.block(20);
    return create(...args);
  });
  await sessions.create();
  expect(database.size).toBe(1);
  const cleaning = cleanUp(new Steps(engine, undefined), sessions);
  await platform.advance(10_000);
  await expect(cleaning).resolves.toEqual({ rowsDeleted: 1, rowsLeft: 0 });
  expect(database.size).toBe(0);
  await client.close();
});
