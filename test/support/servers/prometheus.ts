import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withFreePort } from './ports.ts';
import { onPath, ServerProcess } from './server-process.ts';
import { until } from './until.ts';

/** An alert as Prometheus has it now. */
interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'firing' | 'pending';
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

export function hasPrometheus(): boolean {
  return onPath('prometheus') && onPath('promtool');
}

/** A Prometheus of our own, that scrapes one port twice a second and evaluates these rules as often. */
export async function startPrometheus(target: number, rules: string) {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-prometheus-'));
  await writeFile(join(dir, 'rules.yaml'), rules);
  await writeFile(join(dir, 'prometheus.yaml'), configuration(target));
  return withFreePort(undefined, async (port) => {
    const server = new ServerProcess({
      file: 'prometheus',
      args: [
        `--config.file=${join(dir, 'prometheus.yaml')}`,
        `--storage.tsdb.path=${join(dir, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      cwd: dir,
      logFile: join(dir, 'server.log'),
    });
    const ask = async <T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(query)}`);
      const { data, error } = (await response.json()) as { data: T; error?: string };
      if (error !== undefined) throw new Error(`${error}: ${JSON.stringify(query)}`);
      return data;
    };
    await server.whenReady(until(() => ask('status/runtimeinfo'), { what: 'Prometheus', timeoutMs: 30_000 }));
    return {
      /** The names of the alerts that fire now. */
      async firing(): Promise<string[]> {
        const { alerts } = await ask<{ alerts: Alert[] }>('alerts');
        return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels['alertname'] ?? '');
      },
      /** The series of a query over the last minutes. Throws what is wrong with the query. */
      async series(query: string, minutes = 10): Promise<readonly Series[]> {
        const end = Date.now() / 1_000;
        const range = { start: String(end - minutes * 60), end: String(end), step: '1' };
        return (await ask<{ result: Series[] }>('query_range', { query, ...range })).result;
      },
      async [Symbol.asyncDispose]() {
        await server.kill();
        await rm(dir, { recursive: true, force: true });
      },
    };
  });
}

function configuration(target: number): string {
  return [
    'global: { scrape_interval: 500ms, scrape_timeout: 400ms, evaluation_interval: 500ms }',
    'rule_files: [rules.yaml]',
    `scrape_configs: [{ job_name: shop, static_configs: [{ targets: ['127.0.0.1:${target}'] }] }]`,
    '',
  ].join('\n');
}
