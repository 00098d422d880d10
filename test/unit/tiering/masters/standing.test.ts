import { describe, expect, it } from 'vitest';
import { FEED_FRESH_MS } from '../../../../src/limits/feed.ts';
import { MASTERS_GRACE_MS } from '../../../../src/limits/masters.ts';
import { presentMoment } from '../../../../src/platform/moment.ts';
import { readNames, readReport } from '../../../../src/tiering/masters/names.ts';
import { Standing, type Question } from '../../../../src/tiering/masters/standing.ts';
import { FakePlatform } from '../../../support/fake-platform.ts';

interface Seen {
  readonly named?: string;
  readonly agreed?: string;
  readonly reported?: string | null;
}

/** All live nodes report it. */
const SHARED = { agreed: 'main=X' };

function setUp() {
  const platform = new FakePlatform();
  const standing = new Standing(platform, 'main');
  const ask = (reported: string | null = 'X'): Question => standing.ask(presentMoment(platform), reported);
  const take = (question: Question, { named = 'main=X.00', agreed }: Seen = {}): void =>
    standing.take(question, { names: readNames(named), agreed: agreed === undefined ? null : readReport(agreed) });
  const poll = ({ reported = 'X', ...seen }: Seen = {}): void => take(ask(reported), seen);
  /** Polls now, each second, and after so long. */
  const pollFor = async (ms: number, seen: Seen = {}): Promise<void> => {
    for (let left = ms; left > 0; left -= 1_000) {
      poll(seen);
      await platform.advance(Math.min(left, 1_000));
    }
    poll(seen);
  };
  return { platform, standing, ask, take, poll, pollFor };
}

describe('a server', () => {
  it('does not count before a poll', () => {
    expect(setUp().standing.incarnation).toBeNull();
  });

  it('counts at once if it is named and all live nodes report it', () => {
    const { standing, poll } = setUp();
    poll(SHARED);
    expect(standing.incarnation).toBe('X');
    expect(standing.countsLately('X')).toBe(true);
    expect(standing.countsLately('Y')).toBe(false);
  });

  it.each<[string, Seen]>([
    ['another one is named', { named: 'main=Y.00', agreed: 'main=X' }],
    ['none is named', { named: '', agreed: 'main=X' }],
    ['only other shards are named', { named: 'a=X.00', agreed: 'main=X' }],
    ['nodes report different ones', {}],
    ['all nodes report another one', { agreed: 'main=Y' }],
    ['this node has not reported it', { agreed: 'main=X', reported: null }],
    ['this node has reported another one', { agreed: 'main=X', reported: 'Y' }],
  ])('does not count at once if %s', (_why, seen) => {
    const { standing, poll } = setUp();
    poll(seen);
    expect(standing.incarnation).toBeNull();
  });

  it('counts, whatever others report, once its name has been known for so long that no earlier one is in use', async () => {
    const { standing, pollFor } = setUp();
    await pollFor(MASTERS_GRACE_MS - 1);
    expect(standing.incarnation).toBeNull();
    await pollFor(1);
    expect(standing.incarnation).toBe('X');
    await pollFor(10_000);
    expect(standing.incarnation).toBe('X');
  });

  it('that counts goes on counting while it is named, whatever others report next', async () => {
    const { standing, platform, poll } = setUp();
    poll(SHARED);
    await platform.advance(1_000);
    poll({ agreed: 'main=Y' });
    expect(standing.incarnation).toBe('X');
    await platform.advance(FEED_FRESH_MS + 1);
    poll();
    expect(standing.incarnation).toBeNull();
  });

  it('that is named anew waits again, though this node saw no other one named', async () => {
    const { standing, pollFor, poll } = setUp();
    await pollFor(MASTERS_GRACE_MS);
    poll({ named: 'main=X.01' });
    expect(standing.incarnation).toBeNull();
    await pollFor(MASTERS_GRACE_MS, { named: 'main=X.01' });
    expect(standing.incarnation).toBe('X');
  });

  it('waits from the answer that showed its name, not from the question', async () => {
    const { standing, platform, ask, take, pollFor } = setUp();
    const question = ask();
    await platform.advance(1_000);
    take(question);
    await pollFor(MASTERS_GRACE_MS - 1);
    expect(standing.incarnation).toBeNull();
    await pollFor(1);
    expect(standing.incarnation).toBe('X');
  });

  it('waits again after a gap between polls: a database may have lost another name meanwhile', async () => {
    const { standing, platform, pollFor, poll } = setUp();
    await pollFor(MASTERS_GRACE_MS);
    await platform.advance(FEED_FRESH_MS + 1);
    poll();
    expect(standing.incarnation).toBeNull();
    await pollFor(MASTERS_GRACE_MS);
    expect(standing.incarnation).toBe('X');
  });

  it('stops counting with the first poll that names another one', () => {
    const { standing, poll } = setUp();
    poll(SHARED);
    poll({ named: 'main=Y.01', agreed: 'main=X' });
    expect(standing.incarnation).toBeNull();
    expect(standing.countsLately('X')).toBe(false);
  });

  it('counts lately for as long after the beginning of a poll as copies are believed, and stays in use without another poll', async () => {
    const { standing, platform, ask, take } = setUp();
    const question = ask();
    await platform.advance(500);
    take(question, SHARED);
    await platform.advance(FEED_FRESH_MS - 500);
    expect(standing.countsLately('X')).toBe(true);
    await platform.advance(1);
    expect(standing.countsLately('X')).toBe(false);
    expect(standing.incarnation).toBe('X');
  });

  it('does not count after its connection was lost, until a poll begins on the next one', () => {
    const { standing, ask, take, poll } = setUp();
    poll(SHARED);
    const question = ask();
    standing.disconnect();
    expect(standing.incarnation).toBeNull();
    take(question, SHARED);
    expect(standing.incarnation).toBeNull();
    poll(SHARED);
    expect(standing.incarnation).toBe('X');
  });

  it('that is met again need not wait again, if its name was seen all the time', async () => {
    const { standing, pollFor, poll } = setUp();
    await pollFor(MASTERS_GRACE_MS);
    standing.disconnect();
    poll({ reported: null });
    expect(standing.incarnation).toBeNull();
    poll();
    expect(standing.incarnation).toBe('X');
  });
});
