import { describe, expect, it } from 'vitest';
import { withBackgroundDeadline, withDeadline } from '../../../src/platform/deadline.ts';
import { delay, type Platform } from '../../../src/platform/platform.ts';
import { FakePlatform } from '../../support/fake-platform.ts';

const late = (): Error => new Error('late');

describe('work with a deadline', () => {
  it('settles as the work does, and leaves no timer', async () => {
    const platform = new FakePlatform();
    expect(await withDeadline(platform, 100, Promise.resolve('done'), late)).toBe('done');
    await expect(withDeadline(platform, 100, Promise.reject(new Error('failed')), late)).rejects.toThrow('failed');
    expect(platform.pendingTimers).toBe(0);
  });

  it('is given up at the deadline, whatever the work does later', async () => {
    const platform = new FakePlatform();
    const work = delay(platform, 200).then(() => Promise.reject(new Error('failed too late')));
    const outcome = expect(withDeadline(platform, 100, work, late)).rejects.toThrow('late');
    await platform.advance(200);
    await outcome;
  });

  it('keeps the process alive unless its timer runs in the background', async () => {
    const kinds: unknown[] = [];
    const after: Platform['after'] = (_delayMs, _callback, kind) => {
      kinds.push(kind);
      return () => undefined;
    };
    const platform = Object.assign(new FakePlatform(), { after });
    await withDeadline(platform, 100, Promise.resolve(), late);
    await withBackgroundDeadline(platform, 100, Promise.resolve(), late);
    expect(kinds).toEqual(['foreground', 'background']);
  });
});
