import { describe, expect, it } from 'vitest';
import { NODE_FENCE_MS } from '../../../../src/limits/fleet.ts';
import { presentMoment } from '../../../../src/platform/moment.ts';
import { OwnReport } from '../../../../src/tiering/masters/own-report.ts';
import { FakePlatform } from '../../../support/fake-platform.ts';

function setUp() {
  const platform = new FakePlatform();
  const report = new OwnReport(platform);
  /** Sends a heartbeat, and returns what notes its answer. */
  const send = (text: string) => {
    report.text = text;
    const sent = report.send();
    const at = presentMoment(platform);
    return () => report.answered(sent, at);
  };
  return { platform, report, send };
}

describe('a report', () => {
  it('is due until its heartbeat is answered, and when it changes', () => {
    const { report, send } = setUp();
    report.text = 'main=X';
    expect(report.isDue).toBe(true);
    const answer = send('main=X');
    expect(report.isDue).toBe(true);
    answer();
    expect(report.isDue).toBe(false);
    report.text = 'main=Y';
    expect(report.isDue).toBe(true);
  });

  it('is held by the durable tier once it is answered, for each shard by itself', () => {
    const { report, send } = setUp();
    const answer = send('a=1,b=2');
    expect(report.holds('a', '1')).toBe(false);
    answer();
    expect(report.holds('a', '1')).toBe(true);
    expect(report.holds('a', '2')).toBe(false);
    expect(report.holds('c', '1')).toBe(false);
  });

  it('may not be held any more while a later one is on its way, or was lost', () => {
    const { report, send } = setUp();
    send('a=1,b=2')();
    send('a=1,b=3');
    expect(report.holds('a', '1')).toBe(true);
    expect(report.holds('b', '2')).toBe(false);
    expect(report.holds('b', '3')).toBe(false);
    const answer = send('a=1,b=2');
    expect(report.holds('b', '2')).toBe(false);
    answer();
    expect(report.holds('b', '2')).toBe(true);
  });

  it('is not held for longer than the other nodes certainly count this one as living', async () => {
    const { platform, report, send } = setUp();
    const answer = send('main=X');
    await platform.advance(NODE_FENCE_MS);
    answer();
    expect(report.holds('main', 'X')).toBe(true);
    await platform.advance(1);
    expect(report.holds('main', 'X')).toBe(false);
  });
});
