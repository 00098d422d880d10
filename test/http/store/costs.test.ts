import { HoldfastStore } from 'holdfast/express-session';
import { expect, it } from 'vitest';
import { until } from '../../support/servers/until.ts';
import { expressSite } from './express-site.ts';
import { realSessions } from './real-sessions.ts';
import { Jar, serve } from './site.ts';

it('costs few commands of Redis, and no statement where nothing was changed', async () => {
  await using real = await realSessions();
  const origin = await serve(expressSite(new HoldfastStore<never>(real.sessions)).app);
  let jar = new Jar();
  const costOf = (path: string): Promise<string> => real.costOf(() => jar.send(`${origin}${path}`));
  /** Several times: where the machine is slow, a hedge asks the database too, and a write begins with a read that fills Redis. */
  const costs = async (expected: string, visit: () => Promise<string>): Promise<void> => {
    const seen: string[] = [];
    const isMet = async (): Promise<boolean> => seen[seen.push(await visit()) - 1] === expected;
    await until(isMet, { timeoutMs: 5_000 }).catch(() => expect(seen).toContain(expected));
  };
  const signedIn = async (): Promise<void> => {
    jar = new Jar();
    await jar.send(`${origin}/set/cart/tea`);
    await jar.send(origin);
  };

  await costs('', () => costOf('/'));
  await costs('Redis read, SQL sessions.insert', () => {
    jar = new Jar();
    return costOf('/set/cart/tea');
  });
  await costs('Redis read', () => costOf('/'));
  let at = 0;
  await costs('Redis read, Redis publish, SQL sessions.update', () => costOf(`/set/cart/${(at += 1)}`));
  await costs(
    'Redis read, Redis hold, Redis tombstone, Redis read, SQL sessions.revoke, SQL sessions.insert',
    async () => {
      await signedIn();
      return costOf('/regenerate');
    },
  );
  await costs('Redis read, Redis hold, Redis tombstone, SQL sessions.readState, SQL sessions.revoke', async () => {
    await signedIn();
    return costOf('/logout');
  });
});
