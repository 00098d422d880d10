import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { load, percentile, realClient, timed, type Shop } from '../../support/real-client.ts';
import type { SessionClient } from '../../../src/index.ts';
import { freshDatabase, sharedRedis, uniqueNamespace } from '../../support/shared.ts';

const FLOODING_CALLERS = 256;
const LOGINS = 100;
/**
 * Made-up logouts with statements of their own made logins ten times as slow as the reads do, and slower with more of them.
 */
const SLOWER_MAX = 4;

it('a flood of logouts with made-up ids slows logins no more than a flood of reads', { timeout: 180_000 }, async () => {
  await using database = await freshDatabase('postgresql');
  const namespace = uniqueNamespace();
  await using sessions = await realClient({ redis: sharedRedis(), database, namespace });
  await sessions.ready();
  const reading = await loginsDuring(sessions, (id) => sessions.get(id));
  const ending = await loginsDuring(sessions, (id) => sessions.destroy(id));
  expect([...reading.errors, ...ending.errors]).toEqual([]);
  expect(ending.p50).toBeLessThan(SLOWER_MAX * reading.p50);
});

/** A login is a regenerate of the session that the visitor had before. */
async function loginsDuring(sessions: SessionClient<Shop>, flood: (id: string) => Promise<unknown>) {
  let { id } = await sessions.create({ cart: [] });
  const flooding = load(FLOODING_CALLERS, () => flood(randomBytes(32).toString('base64url')));
  const logins = [];
  for (let n = 0; n < LOGINS; n += 1) {
    const login = await timed(() => sessions.regenerate(id, { userId: 'u_42' }));
    logins.push(login);
    id = login.value?.id ?? id;
  }
  const flooded = await flooding.stop();
  const errors = [...logins, ...flooded].flatMap(({ error }) => (error === undefined ? [] : [error]));
  const ms = logins.map((login) => login.ms);
  return { p50: percentile(ms, 0.5), errors, count: flooded.length };
}
