import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { probes, type Probes } from '../../../src/index.ts';
import { KeyFleet } from '../../support/key-fleet.ts';
import { MemoryFleet, refuse, type FleetNode } from '../../support/memory-fleet.ts';
import { generateKeyRing } from '../../../src/index.ts';

const LIVE = { status: 200, body: { state: 'live', reasons: [] } };
let fleet: MemoryFleet;
let node: FleetNode;
let probe: Probes;

beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  probe = probes(node.sessions);
});

async function lose(...tiers: ('durable' | 'primary')[]): Promise<void> {
  const refuseAll = (method: string) => (method === 'close' ? undefined : refuse(method));
  for (const tier of tiers) node[tier].hook.before = refuseAll;
  await fleet.platform.advance(5_000);
}

describe('a process whose tiers work', () => {
  it('is live and ready', async () => {
    expect(probe.live()).toEqual(LIVE);
    expect(await probe.ready()).toEqual({ status: 200, body: { state: 'ready', reasons: [] } });
  });
});

describe('a process without Redis', () => {
  it('is live and ready, degraded, with the reason', async () => {
    await lose('primary');
    expect(probe.live()).toEqual(LIVE);
    expect(await probe.ready()).toEqual({
      status: 200,
      body: { state: 'degraded', reasons: [{ part: 'primary', state: 'degraded', reason: 'ECONNREFUSED' }] },
    });
  });
});

describe('a process without its database', () => {
  it('is live and ready, degraded, with the reason', async () => {
    await lose('durable');
    expect(probe.live()).toEqual(LIVE);
    expect(await probe.ready()).toMatchObject({
      status: 200,
      body: { state: 'degraded', reasons: [{ part: 'durable', state: 'down', reason: 'ECONNREFUSED' }] },
    });
  });
});

describe('a process without both', () => {
  it('is live and not ready, with both reasons, and ready again when they are back', async () => {
    await lose('primary', 'durable');
    expect(probe.live()).toEqual(LIVE);
    const { status, body } = await probe.ready();
    expect([status, body.state, body.reasons.map(({ part }) => part)]).toEqual([
      503,
      'unready',
      ['primary', 'durable'],
    ]);
    node.heal();
    await fleet.platform.advance(30_000);
    expect(await probe.ready()).toEqual({ status: 200, body: { state: 'ready', reasons: [] } });
  });
});

describe('a process that is not open', () => {
  it('is opened by the probe', async () => {
    const { sessions } = new KeyFleet(await generateKeyRing()).node();
    expect(await probes(sessions).ready()).toMatchObject({ status: 200 });
  });

  it('is live, and not ready while its key ring cannot be loaded', async () => {
    const keys = new KeyFleet(await generateKeyRing());
    keys.shelf.failure = new Error('a secret of the key service');
    const starting = probes(keys.node().sessions);
    expect(starting.live()).toEqual(LIVE);
    const answer = await starting.ready();
    expect(answer).toMatchObject({ status: 503, body: { state: 'unready' } });
    expect(answer.body.reasons).toContainEqual({ part: 'keys', state: 'down', reason: 'source-failed' });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  it('is not ready once it was closed', async () => {
    await node.sessions.close();
    const { status, body } = await probe.ready();
    expect(status).toBe(503);
    expect(body.reasons).toContainEqual({ part: 'client', state: 'down', reason: 'HOLDFAST_CONFIGURATION' });
  });
});

describe('the handlers', () => {
  it('answer node:http and Express', async () => {
    const server = createServer((request, response) => {
      const { live, ready } = probe.node;
      void (request.url === '/livez' ? live(request, response) : ready(request, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ask = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return [response.status, response.headers.get('cache-control'), await response.json()];
    };
    try {
      expect(await ask('/livez')).toEqual([200, 'no-store', LIVE.body]);
      await lose('primary', 'durable');
      expect(await ask('/readyz')).toMatchObject([503, 'no-store', { state: 'unready' }]);
    } finally {
      server.close();
    }
  });

  it('answer the web standard', async () => {
    await lose('primary', 'durable');
    const [live, ready] = [probe.web.live(), await probe.web.ready()];
    expect([live.status, ready.status, ready.headers.get('cache-control')]).toEqual([200, 503, 'no-store']);
    expect(await live.json()).toEqual(LIVE.body);
  });
});

it('probes refuses what is no client', () => {
  const half = { health: async () => ({}) };
  for (const value of [undefined, {}, 'sessions', half]) expect(() => probes(value as never)).toThrow('SessionClient');
});
