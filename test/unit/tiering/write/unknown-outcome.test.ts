import type { DurableMethod } from '../../../support/durable-methods.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { OutcomeUnknownError } from '../../../../src/index.ts';
import { TierFailure } from '../../../../src/errors.ts';
import { DURABLE_TIMEOUT_MS_DEFAULT } from '../../../../src/limits/durable-tier.ts';
import { add, MemoryFleet, type FleetNode, refuse } from '../../../support/memory-fleet.ts';

/** No statement runs longer after it was sent. */
const STATEMENT_LIFE_MS = 2 * DURABLE_TIMEOUT_MS_DEFAULT + 1_000;

let fleet: MemoryFleet;
beforeEach(() => {
  fleet = new MemoryFleet();
});

/**
 * Loses the answer of the next statement of this name: `before` it ran, or `after`. What `meanwhile` does happens between
 * the loss and whatever the client tries next.
 */
function loseAnswer(
  node: FleetNode,
  method: DurableMethod,
  when: 'after' | 'before',
  meanwhile = async () => {},
): void {
  let isLost = false;
  node.durable.override(method, async (own, ...args) => {
    if (isLost) return own(...args);
    isLost = true;
    if (when === 'after') await own(...args);
    await meanwhile();
    throw new TierFailure('ambiguous', 'test');
  });
}

describe('an update whose answer is lost', () => {
  it.each(['before', 'after'] as const)('%s it ran is applied once, and its function runs once', async (when) => {
    const node = await fleet.node();
    const { id } = await node.sessions.create({ cart: [] });
    loseAnswer(node, 'sessions.update', when);
    let runs = 0;
    const updated = await node.sessions.update(id, (data) => {
      runs += 1;
      data.cart.push('A1');
    });
    expect(updated.revision).toBe(2);
    expect(runs).toBe(1);
    expect((await node.sessions.get(id))?.data.cart).toEqual(['A1']);
  });

  it('before it ran, and overtaken by another, is a conflict: the function runs again on what the other wrote', async () => {
    const [node, rival] = [await fleet.node(), await fleet.node()];
    const { id } = await node.sessions.create({ cart: [] });
    loseAnswer(node, 'sessions.update', 'before', async () => void (await add(rival.sessions, id, 'theirs')));
    const update = add(node.sessions, id, 'mine');
    await fleet.platform.advance(100);
    expect((await update).data.cart).toEqual(['theirs', 'mine']);
  });

  it('after it ran, and overtaken by another, stays unknown: the function never runs on a guess', async () => {
    const [node, rival] = [await fleet.node(), await fleet.node()];
    const { id } = await node.sessions.create({ cart: [] });
    loseAnswer(node, 'sessions.update', 'after', async () => void (await add(rival.sessions, id, 'theirs')));
    const update = add(node.sessions, id, 'mine').catch((error: unknown) => error);
    await fleet.platform.advance(1_000);
    expect(await update).toBeInstanceOf(OutcomeUnknownError);
    expect((await node.sessions.get(id))?.data.cart).toEqual(['mine', 'theirs']);
  });
});

describe('other writes whose answer is lost', () => {
  it.each(['before', 'after'] as const)(
    '%s they ran: a create answers a session, the only one that stays',
    async (when) => {
      const node = await fleet.node();
      loseAnswer(node, 'sessions.insert', when);
      const { id } = await node.sessions.create({ cart: ['A1'] }, { userId: 'u_42' });
      expect((await node.sessions.get(id))?.data.cart).toEqual(['A1']);
      await fleet.platform.advance(10_000);
      expect(await node.sessions.listByUser('u_42')).toHaveLength(1);
    },
  );

  it('leave no row for good: the key that a create gave up is revoked once the database is back', async () => {
    const node = await fleet.node();
    loseAnswer(node, 'sessions.insert', 'after');
    await node.sessions.create({ cart: ['A1'] }, { userId: 'u_42' });
    node.durable.hook.before = refuse;
    await fleet.platform.advance(10_000);
    node.heal();
    await fleet.platform.advance(2_000);
    expect(await node.sessions.listByUser('u_42')).toHaveLength(1);
  });

  it('an INSERT that runs after all cannot make the old id of a regenerated session live again', async () => {
    const node = await fleet.node();
    let late = async (): Promise<unknown> => undefined;
    let isLost = false;
    node.durable.override('sessions.insert', (own, ...args) => {
      if (isLost) return own(...args);
      isLost = true;
      late = () => own(...args);
      return Promise.reject(new TierFailure('ambiguous', 'test'));
    });
    const { id } = await node.sessions.create({ cart: [] });
    const moved = await node.sessions.regenerate(id);
    await late();
    expect(await node.sessions.get(id)).toBeNull();
    expect(await node.sessions.get(moved.id)).not.toBeNull();
    await fleet.platform.advance(10_000);
    expect([...fleet.database.values()].filter(({ revokedAt }) => revokedAt === null)).toHaveLength(1);
  });

  it.each(['before', 'after'] as const)(
    '%s they ran: a regenerate leaves one living id, the one it answers',
    async (when) => {
      const node = await fleet.node();
      const { id } = await node.sessions.create({ cart: [] });
      loseAnswer(node, 'sessions.regenerate', when);
      const moved = await node.sessions.regenerate(id);
      expect(await node.sessions.get(id)).toBeNull();
      expect((await node.sessions.get(moved.id))?.revision).toBe(2);
    },
  );

  it.each(['before', 'after'] as const)(
    '%s they ran: a destroy is done, and says that the session was alive',
    async (when) => {
      const node = await fleet.node();
      const { id } = await node.sessions.create({ cart: [] });
      loseAnswer(node, 'sessions.revoke', when);
      expect(await node.sessions.destroy(id)).toBe(true);
      expect(await node.sessions.get(id)).toBeNull();
    },
  );

  it.each(['before', 'after'] as const)('%s they ran: the end of all sessions counts each once', async (when) => {
    const node = await fleet.node();
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await node.sessions.create({ cart: [] }, { userId: 'u_42' })).id),
    );
    loseAnswer(node, 'sessions.revokeMany', when);
    const ended = node.sessions.destroyByUser('u_42');
    await fleet.platform.advance(STATEMENT_LIFE_MS);
    expect(await ended).toBe(3);
    for (const id of ids) expect(await node.sessions.get(id)).toBeNull();
  });

  it('the end of all sessions is not acknowledged while the lost statement may still end newer ones', async () => {
    const node = await fleet.node();
    await node.sessions.create({ cart: [] }, { userId: 'u_42' });
    let runLate = async (): Promise<unknown> => undefined;
    let isLost = false;
    node.durable.override('sessions.revokeMany', async (own, ...args) => {
      if (isLost) return own(...args);
      isLost = true;
      runLate = () => own(...args);
      throw new TierFailure('ambiguous', 'test');
    });
    let acknowledged = false;
    const ended = node.sessions.destroyByUser('u_42').then(() => (acknowledged = true));
    await fleet.platform.advance(STATEMENT_LIFE_MS / 2);
    expect(acknowledged).toBe(false);
    await fleet.platform.advance(STATEMENT_LIFE_MS);
    await ended;
    const { id } = await node.sessions.create({ cart: [] }, { userId: 'u_42' });
    await runLate();
    expect(await node.sessions.get(id, { consistency: 'strong' })).not.toBeNull();
  });
});
