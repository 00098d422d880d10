import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';

/** A reader that reads when the test asks. */
class ManualReader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

/** A provider of metrics, what it holds now, and the same as a scrape of Prometheus would show it. */
export function collectedMetrics() {
  const reader = new ManualReader();
  const provider = new MeterProvider({ readers: [reader] });
  const collect = async () => (await reader.collect()).resourceMetrics;
  return {
    provider,
    /** Every data point, by the name of its metric. */
    async points() {
      const { scopeMetrics } = await collect();
      return scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => ({
            name: descriptor.name,
            unit: descriptor.unit,
            attributes,
            value,
          })),
        ),
      );
    },
    async scrape(): Promise<string> {
      return new PrometheusSerializer().serialize(await collect());
    },
  };
}
