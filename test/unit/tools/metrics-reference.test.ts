import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { observeSessions } from '../../../src/otel/index.ts';
import { ATTRIBUTES, METRICS } from '../../../src/otel/metrics.ts';
import { collectedMetrics } from '../../support/collected-metrics.ts';
import { memoryClient } from '../../support/memory-client.ts';
import { published } from '../../support/published.ts';

const page = readFileSync(new URL('../../../docs/reference/metrics.md', import.meta.url), 'utf8');

/** The cells of the table below a heading. */
function rowsOf(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) => line.replaceAll(/^\| | \|$/g, '').split(' | '));
}
const code = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

describe('the reference of metrics', () => {
  it('has a row for each metric, with its kind, unit and attributes', () => {
    const documented = rowsOf('Metrics').map(([name, kind, unit, attributes]) => ({
      name: code(name)[0],
      kind,
      unit: code(unit)[0],
      attributes: code(attributes),
    }));
    expect(documented).toEqual(
      Object.values(METRICS).map(({ name, kind, unit, attributes }) => ({
        name,
        kind,
        unit,
        attributes: attributes.map((word) => ATTRIBUTES[word]),
      })),
    );
  });

  it('has a row for each attribute', () => {
    expect(rowsOf('Attributes').map(([name]) => code(name)[0])).toEqual(Object.values(ATTRIBUTES));
  });

  it('names each metric as the exporter of Prometheus does', async () => {
    const { sessions } = await memoryClient();
    await sessions.ready();
    const { provider, scrape } = collectedMetrics();
    onTestFinished(observeSessions({ sessions, meterProvider: provider }));
    published();
    const text = await scrape();
    const exported = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '']) => name);
    const documented = rowsOf('Metrics').map((cells) => code(cells[4])[0] ?? '');
    expect(exported.filter((name) => name !== 'target_info').toSorted()).toEqual(
      // A client of memory is up, so it has no trouble.
      documented.filter((name) => name !== 'holdfast_health_trouble').toSorted(),
    );
  });
});
