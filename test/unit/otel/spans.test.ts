import { AsyncLocalStorage } from 'node:async_hooks';
import { context, ROOT_CONTEXT, SpanStatusCode, trace, type Context, type ContextManager } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { observeSessions } from '../../../src/otel/index.ts';
import { MemoryFleet, refuse, type FleetNode } from '../../support/memory-fleet.ts';

let fleet: MemoryFleet;
let node: FleetNode;
let exporter: InMemorySpanExporter;
let tracerProvider: TracerProvider;

beforeEach(async () => {
  fleet = new MemoryFleet();
  node = await fleet.node();
  exporter = new InMemorySpanExporter();
  tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
});

const observe = () => onTestFinished(observeSessions({ sessions: node.sessions, tracerProvider }));

/** The context that follows awaits, as an SDK for Node registers one. */
function followAwaits(): void {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, run, self, ...args) => storage.run(active, () => run.apply(self, args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(manager);
  onTestFinished(() => context.disable());
}

describe('the span of a call', () => {
  it('has its name, its time, and the attributes of the metric', async () => {
    observe();
    node.durable.hook.before = (method) =>
      method === 'sessions.insert' ? new Promise<void>((resolve) => void fleet.platform.after(40, resolve)) : undefined;
    const startedAt = fleet.platform.now();
    const creating = node.sessions.create({ cart: [] }, { userId: 'ada' });
    await fleet.platform.advance(40);
    await creating;
    const [span] = exporter.getFinishedSpans();
    expect(span).toMatchObject({
      name: 'holdfast.create',
      attributes: {
        'holdfast.namespace': 'holdfast',
        'holdfast.operation': 'create',
        'holdfast.outcome': 'ok',
        'holdfast.served_by': 'durable',
      },
      status: { code: SpanStatusCode.UNSET },
      startTime: [startedAt / 1_000, 0],
      duration: [0, 40_000_000],
    });
    expect(Object.keys(span!.attributes).length).toBe(4);
  });

  it('is a child of the span that its caller is in', async () => {
    followAwaits();
    observe();
    const tracer = tracerProvider.getTracer('application');
    const { id } = await node.sessions.create({ cart: [] });
    await tracer.startActiveSpan('request', async (parent) => {
      await Promise.all([node.sessions.get(id), node.sessions.get(id)]);
      parent.end();
    });
    const spans = exporter.getFinishedSpans();
    const parent = spans.find(({ name }) => name === 'request');
    const reads = spans.filter(({ name }) => name === 'holdfast.get');
    expect(reads.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      Array.from({ length: 2 }, () => parent?.spanContext().spanId),
    );
    expect(spans.find(({ name }) => name === 'holdfast.create')?.parentSpanContext).toBeUndefined();
  });

  it('is an error with the code of the error, and none where there is no session', async () => {
    observe();
    await node.sessions.get(node.sessions.newId());
    node.durable.hook.before = refuse;
    await expect(node.sessions.create({ cart: [] })).rejects.toThrow();
    expect(exporter.getFinishedSpans()).toMatchObject([
      { name: 'holdfast.get', status: { code: SpanStatusCode.UNSET }, attributes: { 'holdfast.outcome': 'none' } },
      {
        name: 'holdfast.create',
        status: { code: SpanStatusCode.ERROR },
        attributes: { 'error.type': 'HOLDFAST_TIER_UNAVAILABLE' },
      },
    ]);
  });

  it('is made only where a provider is registered', async () => {
    onTestFinished(observeSessions({ sessions: node.sessions }));
    const made = vi.spyOn(tracerProvider.getTracer('holdfast'), 'startSpan');
    await node.sessions.create({ cart: [] });
    expect(made).not.toHaveBeenCalled();
    trace.setGlobalTracerProvider(tracerProvider);
    onTestFinished(() => trace.disable());
    await node.sessions.create({ cart: [] });
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['holdfast.create']);
  });
});
