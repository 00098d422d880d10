import { metrics, trace, type MeterProvider, type TracerProvider } from '@opentelemetry/api';
import { ConfigurationError } from '../errors.ts';
import { requireMethods, requireOptions } from '../option-checks.ts';
import { callEnd } from '../telemetry/channels.ts';
import { Counters } from './counters.ts';
import { observeHealth, type ObservedClient } from './gauges.ts';
import { spanOf } from './spans.ts';
import { Subscriptions } from './subscriptions.ts';

export type { ObservedClient } from './gauges.ts';

/** The options of `observeSessions`. */
export interface ObserveOptions {
  /** The client whose health is observed, or all clients of the process. */
  readonly sessions: ObservedClient | readonly ObservedClient[];
  /** The provider of metrics. @defaultValue the one that is registered with `@opentelemetry/api` */
  readonly meterProvider?: MeterProvider;
  /** The provider of spans. @defaultValue the one that is registered with `@opentelemetry/api`; without one there are no spans */
  readonly tracerProvider?: TracerProvider;
}

/** The name of the meter and of the tracer. */
const SCOPE = 'holdfast';

/**
 * Keeps metrics of this process's sessions, and makes a span of each call. Call it once, with all clients: what it counts comes from
 * channels that they share. Returns the function that ends it; call that before the clients are closed.
 * @throws {ConfigurationError} an option is wrong.
 * @example
 * const stop = observeSessions({ sessions });
 */
export function observeSessions(options: ObserveOptions): () => void {
  const given = requireOptions('observeSessions options', options, ['sessions', 'meterProvider', 'tracerProvider']);
  const { meterProvider = metrics.getMeterProvider(), tracerProvider = trace.getTracerProvider() } = given;
  requireMethods('meterProvider', meterProvider, ['getMeter'], 'a MeterProvider');
  requireMethods('tracerProvider', tracerProvider, ['getTracer'], 'a TracerProvider');
  const meter = meterProvider.getMeter(SCOPE);
  const tracer = tracerProvider.getTracer(SCOPE);
  const counters = new Counters(meter);
  const stopGauges = observeHealth(meter, clientsOf(given.sessions));
  const subscriptions = new Subscriptions();
  counters.subscribe(subscriptions);
  subscriptions.add(callEnd, (call) => spanOf(tracer, call));
  return () => {
    subscriptions.end();
    stopGauges();
  };
}

function clientsOf(sessions: ObserveOptions['sessions']): readonly ObservedClient[] {
  const clients = [sessions].flat();
  if (clients.length === 0) throw new ConfigurationError('sessions: expected a SessionClient, or several.');
  return clients.map((client) => requireMethods('sessions', client, ['health'], 'a SessionClient'));
}
