import { expect, it } from 'vitest';
import { OwnSessions } from '../../../src/cli/bench/own-sessions.ts';
import { operationsOf } from '../../../src/cli/bench/operations.ts';
import { SessionClient } from '../../../src/index.ts';
import type { AuditEvent } from '../../../src/telemetry/audit.ts';
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
