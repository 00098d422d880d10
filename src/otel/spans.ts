import { SpanStatusCode, type Tracer } from '@opentelemetry/api';
import type { CallEnd } from '../telemetry/channels.ts';
import { attributesOf } from './attributes.ts';
import { METRICS } from './metrics.ts';

/**
 * Makes the span of a call that has ended, as a child of the span that its caller is in. Without a registered provider, the tracer
 * makes none.
 */
export function spanOf(tracer: Tracer, call: CallEnd): void {
  const { operation, outcome, startedAt, durationMs } = call;
  const span = tracer.startSpan(`holdfast.${operation}`, {
    startTime: startedAt,
    attributes: attributesOf(METRICS.calls, call),
  });
  if (outcome !== 'ok' && outcome !== 'none') {
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.setAttribute('error.type', outcome);
  }
  span.end(startedAt + durationMs);
}
