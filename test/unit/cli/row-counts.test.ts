import { expect, it } from 'vitest';
import { countRows } from '../../../src/cli/stats/row-counts.ts';
import { SessionClient } from '../../../src/index.ts';
import { Steps } from '../../../src/upkeep/steps.ts';
import { memoryClient } from '../../support/memory-client.ts';

it('the rows of a table are estimated from a part of them', async () => {
  const { sessions } = await memoryClient();
  const count = 2_500;
  await Promise.all(Array.from({ length: count }, (_, n) => sessions.create({ cart: [String(n)] })));
  const engine = SessionClient.engineOf(sessions);
  if (engine === undefined) throw new Error('no client');
  const shares: number[] = [];
  const onPage = (share: number): void => void shares.push(share);
  const part = await countRows(new Steps(engine, undefined), { rowsMax: 1, onPage });
  expect(part).toMatchObject({ exact: false, lookedAt: 1_000, ended: 0, withUser: 0 });
  // The standard error of a thousand of 2 500 keys is 2.4 %.
  expect(Math.abs(part.living - count)).toBeLessThan(count / 4);
  const all = await countRows(new Steps(engine, undefined), { rowsMax: Infinity, onPage });
  expect(all).toMatchObject({ exact: true, lookedAt: count, living: count });
  expect(shares.at(-1)).toBe(1);
  await sessions.close();
});
