import { describe, expect, it } from 'vitest';
import { sweepSessions, type SweepProgress } from '../../../src/index.ts';
import { SWEEP_PAGE_ROWS } from '../../../src/limits/upkeep.ts';
import { MemoryFleet, refuse } from '../../support/memory-fleet.ts';

const MINUTE = 60_000;
const OPTIONS = { lifetime: { idle: '1m', absolute: '1h' }, maxLifetime: '12h', sweep: false } as const;

describe('sweepSessions', () => {
  it('deletes what ended long ago through a client that does not do it by itself', async () => {
    const fleet = new MemoryFleet();
    const { sessions } = await fleet.node(OPTIONS);
    const { id: ended } = await sessions.create({ cart: [] });
    const { id: destroyed } = await sessions.create({ cart: [] }, { lifetime: { absolute: '12h' } });
    const { id: living } = await sessions.create({ cart: [] }, { lifetime: { idle: '12h', absolute: '12h' } });
    await sessions.destroy(destroyed);
    await fleet.platform.advance(30 * MINUTE);
    expect(await sweepSessions(sessions)).toEqual({ scanned: 3, removed: 1 });
    expect([ended, destroyed, living].map((id) => fleet.rowOf(id) !== undefined)).toEqual([false, true, true]);
    expect(await sweepSessions(sessions, { revokedRetention: '15m' })).toEqual({ scanned: 2, removed: 1 });
    expect(await sessions.get(living)).not.toBeNull();
  });

  it('reports after each page how far it is, and stops at the signal', async () => {
    const fleet = new MemoryFleet();
    const { sessions } = await fleet.node(OPTIONS);
    const count = SWEEP_PAGE_ROWS + 3;
    for (let made = 0; made < count; made += 1) await sessions.create({ cart: [] });
    await fleet.platform.advance(30 * MINUTE);
    const stop = new AbortController();
    const seen: SweepProgress[] = [];
    const stopped = sweepSessions(sessions, {
      signal: stop.signal,
      onProgress: (progress) => {
        seen.push(progress);
        stop.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(seen).toEqual([{ scanned: SWEEP_PAGE_ROWS, removed: SWEEP_PAGE_ROWS }]);
    expect(fleet.database.size).toBe(3);
    expect(await sweepSessions(sessions)).toEqual({ scanned: 3, removed: 3 });
  });

  it('waits for a database that is away', async () => {
    const fleet = new MemoryFleet();
    const { sessions, durable } = await fleet.node(OPTIONS);
    await sessions.create({ cart: [] });
    await fleet.platform.advance(30 * MINUTE);
    durable.hook.before = refuse;
    const sweeping = sweepSessions(sessions);
    await fleet.platform.advance(MINUTE);
    durable.hook.before = () => undefined;
    await fleet.platform.advance(MINUTE);
    expect(await sweeping).toEqual({ scanned: 1, removed: 1 });
  });

  it('says what is wrong with its options', async () => {
    const fleet = new MemoryFleet();
    const { sessions } = await fleet.node(OPTIONS);
    await expect(sweepSessions(sessions, { revokedRetention: '1m' })).rejects.toThrow(
      /revokedRetention: expected a duration from 15m to 366d/,
    );
    await expect(sweepSessions(sessions, { every: '1m' } as never)).rejects.toThrow(/unknown option 'every'/);
  });
});
