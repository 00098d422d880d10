import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type SessionClient } from '../../../../src/index.ts';
import { load, realClient, type Shop } from '../../../support/real-client.ts';
import { openPrisma, type OpenedPrisma } from '../../../support/servers/databases.ts';
import { asPostgresAdmin, hasStandbys } from '../../../support/servers/postgres.ts';
import { type PostgresPair, startPostgresPair } from '../../../support/servers/postgres-pair.ts';
import { until } from '../../../support/servers/until.ts';
import { sharedRedis, uniqueNamespace } from '../../../support/shared.ts';

const CALLERS = 16;
/** What a fail-over may end a call with: the first two changed nothing, or may be asked. */
const EXPECTED = /^HOLDFAST_(TIER_UNAVAILABLE|OUTCOME_UNKNOWN|REVOCATION_NOT_DURABLE)$/;

let pair: PostgresPair;
let database: OpenedPrisma;
let namespace: string;
let sessions: SessionClient<Shop>;

const client = () =>
  realClient({
    redis: sharedRedis(),
    database: { prisma: database.prisma, provider: 'postgresql' },
    namespace,
    durableTimeout: '2s',
  });

async function start(synchronous: boolean): Promise<void> {
  pair = await startPostgresPair({ synchronous });
  database = await openPrisma('postgresql', pair.url, { ca: pair.ca, connectMs: 1_000, statementMs: 600 });
  namespace = uniqueNamespace();
  sessions = await client();
  await sessions.ready();
}

async function stop(): Promise<void> {
  await sessions?.close();
  await database?.close().catch(() => undefined);
  await pair?.[Symbol.asyncDispose]();
}

/** The name leads to the standby from now on; connections to the old server end, as they do when it dies. */
async function failOver(): Promise<void> {
  await pair.primary.kill();
  await pair.promote();
  pair.door.leadTo(pair.standby);
}

const stateOf = async (node: SessionClient<Shop>) => (await node.health()).durable.state;
const strong = async (node: SessionClient<Shop>, id: string) =>
  (await node.get(id, { consistency: 'strong' }))?.data.cart ?? null;
const add = (id: string, item: string) => sessions.update(id, ({ cart }) => void cart.push(item));

/** What was acknowledged of a session: the cart, and whether its end was. */
interface Acknowledged {
  readonly id: string;
  cart: string[];
  ended: 'no' | 'perhaps' | 'yes';
}

describe.skipIf(!hasStandbys())('a PostgreSQL whose standby takes over', () => {
  afterEach(stop);

  it('has every write that was acknowledged, if it replicates synchronously', async () => {
    await start(true);
    const acknowledged: Acknowledged[] = [];
    const mine: (Acknowledged | undefined)[] = [];
    let n = 0;
    const running = load(CALLERS, async (caller) => {
      // Calls that are refused at once would keep the process from everything else.
      await setTimeout(5);
      n += 1;
      const own = mine[caller];
      if (!own) {
        const made: Acknowledged = { id: (await sessions.create({ cart: [] })).id, cart: [], ended: 'no' };
        acknowledged.push(made);
        mine[caller] = made;
      } else if (own.cart.length < 8) {
        const item = `${n}`;
        const { data } = await sessions.update(own.id, ({ cart }) => void cart.push(item));
        own.cart = [...data.cart];
      } else {
        own.ended = 'perhaps';
        mine[caller] = undefined;
        await sessions.destroy(own.id);
        own.ended = 'yes';
      }
    });
    await until(() => acknowledged.length > 2 * CALLERS);
    await failOver();
    const before = acknowledged.length;
    await until(() => acknowledged.length > before + CALLERS, {
      what: 'the new primary to be used',
      timeoutMs: 30_000,
    });
    const failures = (await running.stop()).flatMap(({ error }) => (error === undefined ? [] : [error]));
    expect(failures.length).toBeGreaterThan(0);
    for (const error of failures) expect(error).toMatchObject({ code: expect.stringMatching(EXPECTED) });
    for (const { id, cart, ended } of acknowledged) {
      const found = await strong(sessions, id);
      if (ended === 'yes') expect(found).toBeNull();
      // An update whose outcome is unknown may be there too.
      else if (ended === 'no') expect(found?.slice(0, cart.length)).toEqual(cart);
    }
  });

  it('acknowledges nothing that a synchronous standby does not have yet, though statements have a time limit', async () => {
    await start(true);
    const { id } = await sessions.create({ cart: [] });
    await pair.standby.pause();
    await expect(add(id, 'A1')).rejects.toMatchObject({ code: 'HOLDFAST_OUTCOME_UNKNOWN' });
    await pair.standby.resume();
    await until(async () => (await strong(sessions, id))?.[0] === 'A1');
  });

  it('decides on every node about what was lost with it, if it does not', async () => {
    await start(false);
    await using other = await client();
    await other.ready();
    const { id: changed } = await sessions.create({ cart: ['kept'] });
    const { id: ended } = await sessions.create({ cart: [] });
    await untilReplayed();
    await stopReplication();
    await add(changed, 'lost');
    await sessions.destroy(ended);
    const { id: created } = await sessions.create({ cart: ['lost'] });
    await failOver();
    for (const node of [sessions, other]) {
      await until(async () => (await stateOf(node)) === 'up', { timeoutMs: 20_000 });
      expect(await strong(node, changed)).toEqual(['kept']);
      expect(await strong(node, created)).toBeNull();
    }
    expect((await add(changed, 'more')).data.cart).toEqual(['kept', 'more']);
    // The logout is lost in the database, and what Redis knows of it outlives that.
    for (const node of [sessions, other]) expect(await node.get(ended)).toBeNull();
  });

  it.each([
    ['as a standby', demote],
    ['read-only as a whole', makeReadOnly],
  ])(
    'and the former primary is back under its name, %s: nothing is believed, and it is left',
    async (_how, comeBack) => {
      await start(false);
      const { id } = await sessions.create({ cart: [] });
      await Promise.all(Array.from({ length: CALLERS }, () => strong(sessions, id)));
      await untilReplayed();
      await comeBack();
      await until(async () => (await sessions.health()).durable.reason === 'standby', { timeoutMs: 20_000 });
      await expect(add(id, 'A1')).rejects.toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE' });
      await expect(strong(sessions, id)).rejects.toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE' });
      await using late = await client();
      await expect(late.get(id)).rejects.toMatchObject({ code: 'HOLDFAST_TIER_UNAVAILABLE', reason: 'standby' });
      // Connections to the former primary work and are not cut: the library has to leave them.
      pair.door.leadTo(pair.standby);
      for (const node of [sessions, late]) {
        await until(async () => (await stateOf(node)) === 'up', { what: 'the new primary to be used' });
      }
      for (let n = 0; n < 2 * CALLERS; n += 1) await add(id, `${n}`);
      expect(await strong(late, id)).toHaveLength(2 * CALLERS);
    },
  );
});

// --- What the tests are made of ----------------------------------------------------------------------------------

async function demote(): Promise<void> {
  await pair.primary.kill();
  await pair.promote();
  await pair.primary.becomeStandby(null);
  await pair.primary.start();
}

async function makeReadOnly(): Promise<void> {
  await pair.promote();
  await asPostgresAdmin(pair.primary, 'ALTER SYSTEM SET default_transaction_read_only = on');
  await asPostgresAdmin(pair.primary, 'SELECT pg_reload_conf()');
}

async function untilReplayed(): Promise<void> {
  await until(async () => {
    const sql = 'SELECT replay_lsn = pg_current_wal_lsn() AS done FROM pg_stat_replication';
    return (await asPostgresAdmin(pair.primary, sql))[0]?.['done'] === true;
  });
}

async function stopReplication(): Promise<void> {
  await asPostgresAdmin(pair.standby, `ALTER SYSTEM SET primary_conninfo = ''`);
  await asPostgresAdmin(pair.standby, 'SELECT pg_reload_conf()');
  await until(async () => (await asPostgresAdmin(pair.primary, 'SELECT FROM pg_stat_replication')).length === 0);
}
