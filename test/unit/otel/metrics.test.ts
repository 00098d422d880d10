import { metrics as globalMetrics } from '@opentelemetry/api';
import { channel } from 'node:diagnostics_channel';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { HttpSessions } from '../../../src/http/http-sessions.ts';
import { observeSessions } from '../../../src/otel/index.ts';
import { ATTRIBUTES, METRICS, type Metric } from '../../../src/otel/metrics.ts';
import * as channels from '../../../src/telemetry/channels.ts';
import { Browser } from '../../support/browser.ts';
import { collectedMetrics } from '../../support/collected-metrics.ts';
import { MemoryFleet, refuse, type FleetNode, type Shop } from '../../support/memory-fleet.ts';

const post = { method: 'POST' };
let fleet: MemoryFleet;
let node: FleetNode;
let collected: ReturnType<typeof collectedMetrics>;
let browser: Browser<Shop>;

beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  browser = new Browser(new HttpSessions(node.sessions, { initial: (): Shop => ({ cart: [] }) }));
  collected = collectedMetrics();
  onTestFinished(observeSessions({ sessions: node.sessions, meterProvider: collected.provider }));
});

/** The points of a metric, with the short names of their attributes. */
async function pointsOf({ name }: Metric) {
  const short = Object.fromEntries(Object.entries(ATTRIBUTES).map(([word, attribute]) => [attribute, word]));
  return (await collected.points())
    .filter((point) => point.name === name)
    .map(({ attributes, value }) => ({
      ...Object.fromEntries(
        Object.entries(attributes).map(([attribute, text]) => [short[attribute] ?? attribute, text]),
      ),
      value,
    }));
}

const publish = (name: string, message: object): void => channel(name).publish(message);

describe('the metrics', () => {
  it('have the duration of each call in seconds, by operation, outcome and tier', async () => {
    const { id } = await node.sessions.create({ cart: [] });
    await node.sessions.get(id);
    await node.sessions.get(id);
    await node.sessions.get(node.sessions.newId());
    publish('holdfast:call', { operation: 'touch', outcome: 'ok', servedBy: null, startedAt: 0, durationMs: 30 });
    expect(await pointsOf(METRICS.calls)).toMatchObject([
      { namespace: 'holdfast', operation: 'create', outcome: 'ok', servedBy: 'durable', value: { count: 1 } },
      { operation: 'get', outcome: 'ok', servedBy: 'durable', value: { count: 1 } },
      { operation: 'get', outcome: 'ok', servedBy: 'primary', value: { count: 1 } },
      { operation: 'get', outcome: 'none', value: { count: 1 } },
      { operation: 'touch', value: { sum: 0.03, buckets: { boundaries: METRICS.calls.boundaries } } },
    ]);
  });

  it('have the state of both tiers and the keys, and the reason of what is not up', async () => {
    const ups = async () => (await pointsOf(METRICS.state)).filter(({ value }) => value === 1);
    expect(await ups()).toMatchObject([
      { namespace: 'holdfast', part: 'primary', state: 'up' },
      { part: 'durable', state: 'up' },
      { part: 'keys', state: 'up' },
    ]);
    expect(await pointsOf(METRICS.trouble)).toEqual([]);
    node.primary.hook.before = refuse;
    await node.sessions.get(node.sessions.newId());
    await fleet.platform.advance(1_000);
    expect(await ups()).toMatchObject([{ part: 'primary', state: 'degraded' }, {}, {}]);
    expect(await pointsOf(METRICS.trouble)).toEqual([
      { namespace: 'holdfast', part: 'primary', reason: 'ECONNREFUSED', value: 1 },
    ]);
  });

  it('have the version of the ring, and since when its key seals', async () => {
    const { keys } = await node.sessions.health();
    expect(await pointsOf(METRICS.ringVersion)).toEqual([{ namespace: 'holdfast', value: keys.ring }]);
    expect(await pointsOf(METRICS.sealingSince)).toEqual([
      { namespace: 'holdfast', value: keys.sealingKeySince!.getTime() / 1_000 },
    ]);
  });

  it('count what the audit stream says of sessions, and made-up cookies', async () => {
    for (const userId of ['ada', 'ada']) await browser.send((visit) => visit.login(userId), post);
    await browser.send((visit) => visit.logoutEverywhere(), post);
    const madeUp = { headers: { cookie: `__Host-sid=${'A'.repeat(43)}.${'B'.repeat(43)}` } };
    for (let turn = 0; turn < 5; turn += 1) await browser.send((visit) => visit.get(), madeUp);
    await fleet.platform.advance(1_000);
    expect(await pointsOf(METRICS.begun)).toEqual([
      { namespace: 'holdfast', event: 'created', value: 1 },
      { namespace: 'holdfast', event: 'logged-in', value: 1 },
      { namespace: 'holdfast', event: 'privilege-raised', value: 1 },
    ]);
    expect(await pointsOf(METRICS.ended)).toEqual([{ namespace: 'holdfast', by: 'everywhere', value: 1 }]);
    expect(await pointsOf(METRICS.madeUp)).toEqual([{ namespace: 'holdfast', value: 5 }]);
  });

  it('count what the other channels publish', async () => {
    publish('holdfast:tier-change', { tier: 'primary', state: 'down', reason: 'deadline', changes: 3 });
    publish('holdfast:keys', { state: 'refused', version: 3, reason: 'rolled-back' });
    publish('holdfast:background-failure', { work: 'touch', code: 'unexpected' });
    publish('holdfast:revocation-lost', { handle: 'h' });
    publish('holdfast:envelope-rejected', { tier: 'durable', reason: 'tampered', handle: 'h' });
    publish('holdfast:store', { call: 'set', code: 'HOLDFAST_SESSION_ENDED', handle: 'h' });
    publish('holdfast:sweep', { scanned: 9, removed: 7, durationMs: 2_000 });
    expect(await pointsOf(METRICS.tierChanges)).toEqual([
      { tier: 'primary', state: 'down', reason: 'deadline', value: 3 },
    ]);
    expect(await pointsOf(METRICS.ringChanges)).toEqual([{ state: 'refused', reason: 'rolled-back', value: 1 }]);
    expect(await pointsOf(METRICS.failures)).toContainEqual({ work: 'touch', code: 'unexpected', value: 1 });
    expect(await pointsOf(METRICS.lost)).toEqual([{ value: 1 }]);
    expect(await pointsOf(METRICS.rejected)).toContainEqual({ tier: 'durable', reason: 'tampered', value: 1 });
    expect(await pointsOf(METRICS.dropped)).toEqual([{ call: 'set', code: 'HOLDFAST_SESSION_ENDED', value: 1 }]);
    expect(await pointsOf(METRICS.sweeps)).toMatchObject([{ value: { sum: 2 } }]);
    expect(await pointsOf(METRICS.swept)).toEqual([{ value: 7 }]);
  });

  it('begin with 0 where an alert asks for the increase', async () => {
    expect(await pointsOf(METRICS.lost)).toEqual([{ value: 0 }]);
    expect(await pointsOf(METRICS.rejected)).toContainEqual({ tier: 'primary', reason: 'rolled-back', value: 0 });
    expect(await pointsOf(METRICS.failures)).toContainEqual({ work: 'revocation', value: 0 });
  });

  it('name no session, user or data, whatever is published', async () => {
    const secret = 'secret-text';
    const session = await node.sessions.create({ cart: [secret] }, { userId: secret, label: secret });
    await node.sessions.destroy(session);
    const text = await collected.scrape();
    for (const word of [secret, session.id, session.handle]) expect(text).not.toContain(word);
  });

  it('have no attribute that is not in their table', async () => {
    await browser.send((visit) => visit.login('ada'), post);
    node.primary.hook.before = refuse;
    await fleet.platform.advance(5_000);
    const allowed = new Map(
      Object.values(METRICS).map(({ name, attributes }) => [
        name,
        attributes.map((word) => ATTRIBUTES[word] as string),
      ]),
    );
    const points = await collected.points();
    expect(points.length).toBeGreaterThan(15);
    for (const { name, attributes } of points) {
      for (const attribute of Object.keys(attributes)) expect(allowed.get(name)).toContain(attribute);
    }
  });
});

describe('observeSessions', () => {
  it('subscribes to every channel, and to none once it has ended', () => {
    const names = Object.values(channels).map((each) => (each as unknown as { name: string }).name);
    const unsubscribed = () => names.filter((name) => !channel(name).hasSubscribers);
    expect(unsubscribed()).toEqual([]);
  });

  it('leaves no subscription and no gauge behind', async () => {
    const other = collectedMetrics();
    const mine = await new MemoryFleet().node({ namespace: 'other' });
    observeSessions({ sessions: [mine.sessions], meterProvider: other.provider })();
    await mine.sessions.create({ cart: [] });
    expect((await other.points()).filter(({ value }) => value !== 0)).toEqual([]);
  });

  it('observes several clients apart', async () => {
    const both = collectedMetrics();
    const second = await new MemoryFleet().node({ namespace: 'second' });
    onTestFinished(observeSessions({ sessions: [node.sessions, second.sessions], meterProvider: both.provider }));
    const points = (await both.points()).filter(({ name }) => name === METRICS.ringVersion.name);
    expect(points.map(({ attributes }) => attributes)).toEqual([
      { 'holdfast.namespace': 'holdfast' },
      { 'holdfast.namespace': 'second' },
    ]);
  });

  it('refuses what is no client, no provider, and an unknown option', () => {
    const refused = (options: object) => expect(() => observeSessions(options as never)).toThrow(/expected/);
    refused({ sessions: {} });
    refused({ sessions: [] });
    refused({ sessions: node.sessions, meterProvider: {} });
    refused({ sessions: node.sessions, tracerProvider: {} });
    refused({ sessions: node.sessions, meter: globalMetrics.getMeterProvider() });
  });
});
