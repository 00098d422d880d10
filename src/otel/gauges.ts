import type { BatchObservableResult, Meter, ObservableGauge } from '@opentelemetry/api';
import type { TierHealth, TierState } from '../telemetry/health.ts';
import { attributesOf } from './attributes.ts';
import { METRICS, type Metric } from './metrics.ts';

/** A client, as far as it is observed: a `SessionClient` is one. */
export interface ObservedClient {
  readonly namespace: string;
  health(): Promise<{
    readonly primary: TierHealth;
    readonly durable: TierHealth;
    readonly keys: TierHealth & { readonly ring?: number; readonly sealingKeySince?: Date };
  }>;
}

const STATES: readonly TierState[] = ['up', 'degraded', 'down'];
const PARTS = ['primary', 'durable', 'keys'] as const;

/** Has the meter ask each client for its health whenever metrics are read. Returns the function that ends it. */
export function observeHealth(meter: Meter, clients: readonly ObservedClient[]): () => void {
  const gauges = {
    state: gaugeOf(meter, METRICS.state),
    trouble: gaugeOf(meter, METRICS.trouble),
    ringVersion: gaugeOf(meter, METRICS.ringVersion),
    sealingSince: gaugeOf(meter, METRICS.sealingSince),
  };
  const all = Object.values(gauges);
  const observe = async (result: BatchObservableResult): Promise<void> => {
    await Promise.all(clients.map((client) => observeClient(result, gauges, client)));
  };
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}

type Gauges = Readonly<Record<'ringVersion' | 'sealingSince' | 'state' | 'trouble', ObservableGauge>>;

async function observeClient(result: BatchObservableResult, gauges: Gauges, client: ObservedClient): Promise<void> {
  const { namespace } = client;
  const health = await client.health();
  for (const part of PARTS) {
    const { state: present, reason } = health[part];
    for (const state of STATES) {
      const attributes = attributesOf(METRICS.state, { namespace, part, state });
      result.observe(gauges.state, Number(state === present), attributes);
    }
    if (reason !== undefined) {
      result.observe(gauges.trouble, 1, attributesOf(METRICS.trouble, { namespace, part, reason }));
    }
  }
  const { ring, sealingKeySince } = health.keys;
  const attributes = attributesOf(METRICS.ringVersion, { namespace });
  if (ring !== undefined) result.observe(gauges.ringVersion, ring, attributes);
  if (sealingKeySince !== undefined) result.observe(gauges.sealingSince, sealingKeySince.getTime() / 1_000, attributes);
}

function gaugeOf(meter: Meter, { name, unit, description }: Metric): ObservableGauge {
  return meter.createObservableGauge(name, { unit, description });
}
