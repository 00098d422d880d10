import { describe, expect, it } from 'vitest';
import { SessionEndedError, SessionExistsError } from '../../../src/index.ts';
import { realClient } from '../../support/real-client.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const HOUR = 3_600_000;

describe.each(['postgresql', 'mysql', 'sqlite'] as const)('sessions on Redis and %s', (provider) => {
  it('get longer and shorter lives, another user and another label, for every node', async () => {
    await using database = await freshDatabase(provider);
    const options = { redis: sharedRedis(), database, namespace: uniqueNamespace(), maxLifetime: '30d' } as const;
    await using sessions = await realClient(options);
    await using other = await realClient(options);
    let session = await sessions.create({ cart: [] }, { userId: 'u_42', label: 'Phone' });
    for (const [absolute, ms] of [
      ['20d', 20 * 24 * HOUR],
      ['1h', HOUR],
      ['2h', 2 * HOUR],
    ] as const) {
      const before = Date.now();
      session = await sessions.update(session, ({ cart }) => void cart.push(absolute), {
        lifetime: { absolute, idle: absolute },
        userId: `u_${absolute}`,
        label: absolute,
      });
      for (const consistency of ['bounded', 'strong'] as const) {
        const seen = await other.get(session.id, { consistency });
        expect(seen?.absoluteExpiresAt).toEqual(session.absoluteExpiresAt);
        expect(+(seen?.idleExpiresAt ?? 0)).toBeLessThanOrEqual(+session.absoluteExpiresAt);
        expect(seen).toMatchObject({ userId: `u_${absolute}`, label: absolute, data: session.data });
      }
      expect(+session.absoluteExpiresAt - before).toBeGreaterThanOrEqual(ms);
      expect(await other.listByUser(`u_${absolute}`)).toMatchObject([{ absoluteExpiresAt: session.absoluteExpiresAt }]);
    }
    expect(await other.listByUser('u_20d')).toEqual([]);
    const moved = await sessions.regenerate(session, { userId: 'u_1', lifetime: { absolute: '3h' } });
    expect((await other.get(moved.id))?.absoluteExpiresAt).toEqual(moved.absoluteExpiresAt);
    expect(await other.get(session.id)).toBeNull();
  });

  it('may be named beforehand, once, and are all found', async () => {
    await using database = await freshDatabase(provider);
    const options = { redis: sharedRedis(), database, namespace: uniqueNamespace() };
    await using sessions = await realClient(options);
    await using other = await realClient(options);
    const id = sessions.idFor('s%3Aexpress.signature');
    const outcomes = await Promise.allSettled(
      [sessions, other, sessions, other].map((node) => node.create({ cart: ['A1'] }, { id })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(SessionExistsError);
    }
    const names = await Promise.all(Array.from({ length: 150 }, async () => (await other.create({ cart: [] })).handle));
    const found: string[] = [];
    for await (const { handle } of sessions.all()) found.push(handle);
    const named = await other.get(id);
    expect(found.toSorted()).toEqual([...names, named?.handle ?? ''].toSorted());
    expect(await other.destroy(named ?? '')).toBe(true);
    for (const node of [sessions, other]) {
      await expect(node.create({ cart: [] }, { id })).rejects.toBeInstanceOf(SessionEndedError);
    }
  });

  it('end after half a second, to the millisecond of the clock of the node that is asked', async () => {
    await using database = await freshDatabase(provider);
    const options = { redis: sharedRedis(), database, namespace: uniqueNamespace() };
    await using sessions = await realClient(options);
    await using other = await realClient(options);
    await other.ready();
    const { id, idleExpiresAt } = await sessions.create({ cart: [] }, { lifetime: { idle: 500, absolute: 60_000 } });
    const deadline = +idleExpiresAt;
    for (let ended = 0; ended < 4;) {
      for (const node of [sessions, other]) {
        for (const consistency of ['bounded', 'strong'] as const) {
          const [askedAt, found, answeredAt] = [
            Date.now(),
            await node.get(id, { consistency, touch: false }),
            Date.now(),
          ];
          if (answeredAt <= deadline) expect(found).not.toBeNull();
          if (askedAt > deadline) expect(found).toBeNull();
          if (found === null) ended += 1;
        }
      }
    }
  });
});
