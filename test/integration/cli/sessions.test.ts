import { expect, it } from 'vitest';
import { expectNoneIn, openCliDesk } from '../../support/cli-desk.ts';
import type { RotationFleet } from '../../support/rotation-fleet.ts';
import { asAdmin } from '../../support/servers/redis-admin.ts';
import { until } from '../../support/servers/until.ts';
import { sharedRedis } from '../../support/shared.ts';

const TIMEOUT_MS = 120_000;
const USER = 'canary-user-9a4e77d103';
const LABEL = 'canary-label-c0ffee4711';
const data = (n: number) => ({ n, writes: 0 });

it.concurrent('a user’s sessions are ended from the command line, one or all', { timeout: TIMEOUT_MS }, async () => {
  // A client that has ended a user's sessions waits for three times as long when it closes.
  await using desk = await openCliDesk({ durableTimeout: '2s' });
  const { sessions, run, json, output } = desk;
  const own = await Promise.all([1, 2, 3].map((n) => sessions.create(data(n), { userId: USER, label: LABEL })));
  const other = await sessions.create(data(4), { userId: 'somebody else' });
  const [first] = own;

  expect(await json(['revoke', '--user', '-', `--handle=${first?.handle}`], { input: `${USER}\n` })).toEqual({
    code: 0,
    destroyed: 1,
  });
  expect(await sessions.get(first?.id ?? '')).toBeNull();
  expect((await sessions.listByUser(USER)).length).toBe(2);
  expect(await run(['revoke', '--user', USER])).toMatchObject({ code: 0, stdout: '2 sessions ended.\n', stderr: '' });
  expect(await Promise.all(own.map(({ id }) => sessions.get(id, { consistency: 'strong' })))).toEqual([
    null,
    null,
    null,
  ]);
  expect(await sessions.get(other.id)).not.toBeNull();

  expectNoneIn(output, [USER, LABEL, ...own.map(({ id }) => id)]);
});

it.concurrent(
  'a session is shown as both tiers have it, and nothing in it that is secret',
  { timeout: TIMEOUT_MS },
  async () => {
    await using desk = await openCliDesk();
    const { sessions, run, json, output, fleet } = desk;
    const { id, handle } = await sessions.create(data(1), { userId: USER, label: LABEL });
    await until(async () => (await sessions.get(id))?.servedBy === 'primary', { what: 'a hit' });
    await sessions.update(id, (old) => void (old.writes = 1));

    // A Redis that is busy may miss a write, and then has no copy until the next read.
    const agreed = async (): Promise<unknown> => {
      await sessions.get(id);
      const report = await json(['inspect'], { input: `${id}\n` });
      return report['agree'] === true && report;
    };
    const whole = await until(agreed, { what: 'a copy in Redis', timeoutMs: 60_000 });
    const key = { keyId: expect.stringMatching(/^[0-9a-f]{16}$/), kid: expect.any(String), state: 'active' };
    expect(whole).toMatchObject({
      code: 0,
      found: true,
      handle,
      agree: true,
      primary: { holds: 'value', counts: true, revision: 2, confirmedMsAgo: expect.any(Number), envelope: { key } },
      durable: {
        row: 'living',
        revision: 2,
        userKey: expect.stringMatching(/^[\w-]{43}$/),
        envelope: { alg: 'XAES-256-GCM', revision: 2, key, refusal: null, lineage: [key], dataBytes: 18 },
      },
    });
    expect(await run(['inspect', `--handle=${handle}`, '--user', '-'], { input: USER })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Redis {5}.*\ndatabase {2}revision 2, living\nverdict {3}\S/m),
      stderr: '',
    });

    // Where Redis has missed the update, the mark that this leaves takes the older copy away.
    const rolledBack = async (): Promise<unknown> => {
      await sessions.get(id);
      const before = await entriesOf(fleet);
      await sessions.update(id, (old) => void (old.writes += 1));
      await putBack(before);
      const report = await json(['inspect', `--handle=${handle}`]);
      return report['agree'] === false && report;
    };
    expect(await until(rolledBack, { what: 'an older copy in Redis', timeoutMs: 60_000 })).toMatchObject({
      verdict: expect.stringContaining('behind'),
      primary: { holds: 'value' },
      durable: { row: 'living' },
    });

    await sessions.destroy(id);
    // A cookie has a signature behind the id.
    expect(await json(['inspect'], { input: `${id}.${'A'.repeat(43)}` })).toMatchObject({
      code: 0,
      agree: true,
      verdict: 'It has ended.',
      durable: { row: 'revoked', revision: null },
    });
    expect(await json(['inspect', `--handle=${handle}`])).toEqual({ code: 1, found: false });
    expectNoneIn(output, [id, USER, LABEL]);
  },
);

const REDIS = sharedRedis();

/** The entries of a fleet's sessions in Redis, byte for byte. */
function entriesOf({ orders }: RotationFleet): Promise<readonly (readonly [key: Buffer, value: Buffer])[]> {
  return asAdmin(REDIS, REDIS.admin, async (admin) => {
    const keys = await admin.keysBuffer(`${orders.namespace}:s:*`);
    return Promise.all(keys.map(async (key) => [key, (await admin.getBuffer(key)) ?? Buffer.alloc(0)] as const));
  });
}

/** Gives the entries the values that they had, as a server that was rolled back does. */
async function putBack(entries: Awaited<ReturnType<typeof entriesOf>>): Promise<void> {
  await asAdmin(REDIS, REDIS.admin, async (admin) => {
    for (const [key, value] of entries) await admin.set(key, value, 'KEEPTTL');
  });
}

it.concurrent('a fleet is counted: sessions, keys, nodes, and what waits', { timeout: TIMEOUT_MS }, async () => {
  await using desk = await openCliDesk();
  const { sessions, json, output } = desk;
  const ids: string[] = [];
  for (let n = 0; n < 12; n += 1) ids.push((await sessions.create(data(n), { userId: USER, label: LABEL })).id);
  await sessions.create(data(12));
  await sessions.create(data(13), { userId: 'somebody else' });
  await Promise.all(ids.slice(0, 3).map((id) => sessions.destroy(id)));
  await sessions.destroyByUser('somebody else');
  const { keys } = await sessions.health();

  const report = await json(['stats', '--exact']);
  expect(report).toMatchObject({
    code: 0,
    rows: { exact: true, lookedAt: 14, living: 10, withUser: 9, sizes: { sample: 10 } },
    keys: [{ keyId: expect.stringMatching(/^[0-9a-f]{16}$/), state: 'active', sessions: 10 }],
    fleet: {
      ring: 1,
      nodes: expect.arrayContaining([
        expect.objectContaining({ node: keys.node, ring: 1, alive: true, self: false, redis: 'named' }),
        expect.objectContaining({ self: true }),
      ]),
      redis: { main: expect.any(String) },
    },
    feed: { more: false, oldestSecondsAgo: expect.any(Number) },
  });
  // The session of a user is marked when it ends, and so are others whose end a busy Redis has missed.
  const { rows, feed } = report as {
    readonly rows: { readonly ended: number };
    readonly feed: { readonly marks: number };
  };
  expect(feed.marks).toBeGreaterThanOrEqual(1);
  expect(rows.ended + feed.marks).toBe(4);
  expectNoneIn(output, [USER, LABEL, ...ids]);
});
