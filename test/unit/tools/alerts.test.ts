import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ATTRIBUTES, METRICS } from '../../../src/otel/metrics.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const rules = read('docs/operating/observability/alerts.yaml');
const dashboard = read('docs/operating/observability/dashboard.json');
const runbook = read('docs/operating/alerts.md');
const tests = read('test/observability/rules.yaml');

const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name);
/** The names of metrics and labels in a text of queries. */
const namesIn = (text: string): string[] => [...new Set([...text.matchAll(/\bholdfast_\w+/g)].map(([name]) => name))];

const labels = Object.values(ATTRIBUTES).map((name) => name.replaceAll('.', '_'));
const series = Object.values(METRICS).flatMap(({ name, kind }) => {
  const plain = name.replaceAll('.', '_');
  if (kind === 'histogram') return ['_bucket', '_count', '_sum'].map((part) => plain + part);
  return kind === 'counter' ? [`${plain}_total`] : [plain];
});

describe('the alert rules', () => {
  it('use metrics and labels that exist', () => {
    expect(namesIn(rules).filter((name) => !series.includes(name) && !labels.includes(name))).toEqual([]);
    expect(alerts.length).toBeGreaterThan(10);
  });

  it.each(alerts)(
    '%s has a section in the runbook that says what it means, what to look at and what to do',
    (alert) => {
      expect(rules).toContain(`/docs/operating/alerts.md#${alert.toLowerCase()}\n`);
      const section = runbook.split(/^## /m).find((text) => text.startsWith(`${alert}\n`)) ?? '';
      for (const part of ['**Means**: ', '**Look at**: ', '**Do**: ']) expect(section).toContain(part);
    },
  );

  it.each(alerts)('%s has a unit test in which it fires', (alert) => {
    expect(tests).toMatch(new RegExp(`alertname: ${alert}\\n +exp_alerts:`));
  });

  it('are all that the runbook has sections for', () => {
    const sections = [...runbook.matchAll(/^## (\w+)/gm)].map(([, name = '']) => name);
    expect(sections.toSorted()).toEqual(alerts.toSorted());
  });
});

describe('the dashboard', () => {
  it('uses metrics and labels that exist', () => {
    const queries = dashboard.replaceAll(/label_values\([^)]*\)/g, '');
    expect(namesIn(queries).filter((name) => !series.includes(name) && !labels.includes(name))).toEqual([]);
  });

  it('has a title for every panel, and no panel over another', () => {
    const { panels } = JSON.parse(dashboard) as {
      panels: { title: string; gridPos: Record<'h' | 'w' | 'x' | 'y', number> }[];
    };
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { title } of panels) expect(title).not.toBe('');
  });
});
