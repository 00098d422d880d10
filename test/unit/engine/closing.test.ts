import { describe, expect, it } from 'vitest';
import { MemoryFleet } from '../../support/memory-fleet.ts';

describe('close', () => {
  it('closes the database, too, where the primary tier does not end or fails to close', async () => {
    for (const close of [() => new Promise<never>(() => {}), () => Promise.reject(new Error('no such socket'))]) {
      const fleet = new MemoryFleet();
      const { sessions, primary, durable } = await fleet.node();
      primary.override('close', close);
      sessions.close().catch(() => undefined);
      await fleet.platform.advance(1_000);
      expect(durable.calls).toContain('close');
    }
  });
});
