import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probes, type SessionClient } from '../../src/index.ts';
import { observeSessions } from '../../src/otel/index.ts';
import { realClient, type Shop } from '../support/real-client.ts';
import { migrate, openPrisma, type OpenedPrisma } from '../support/servers/databases.ts';
import { freePort } from '../support/servers/ports.ts';
import { startPostgres, type PostgresServer } from '../support/servers/postgres.ts';
import { hasPrometheus, startPrometheus } from '../support/servers/prometheus.ts';
import { startRedis, type RedisServer } from '../support/servers/redis.ts';
import { until } from '../support/servers/until.ts';

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const RULES = 'docs/operating/observability/alerts.yaml';
const rules = readFileSync(path(RULES), 'utf8');
/** The same rules for an outage of seconds: what has to last for minutes lasts for two seconds here. */
const hasty = rules.replaceAll(/for: \d+m/g, 'for: 2s').replaceAll(/\[\d+m\]/g, '[10s]');
const { panels } = JSON.parse(readFileSync(path('docs/operating/observability/dashboard.json'), 'utf8')) as {
  panels: { title: string; targets: { expr: string; refId: string }[] }[];
};
const queries = panels.flatMap(({ title, targets }) => targets.map(({ expr, refId }) => ({ title, expr, ref: refId })));

const promtool = (...args: string[]) =>
  spawnSync('promtool', args, { encoding: 'utf8', cwd: path('test/observability') });

it('Prometheus and promtool are here, which the set-up installs with --with-prometheus', () => {
  expect(hasPrometheus()).toBe(true);
});

describe('the alert rules', () => {
  it('are rules to promtool, and pass their unit tests', () => {
    const checked = promtool('check', 'rules', path(RULES));
    expect([checked.status, checked.stderr]).toEqual([0, '']);
    const tested = promtool('test', 'rules', path('test/observability/rules.yaml'));
    expect([tested.status, tested.stderr]).toEqual([0, '']);
  });
});

describe('a client over real servers that a real Prometheus watches', () => {
  let postgres: PostgresServer;
  let redis: RedisServer;
  let database: OpenedPrisma;
  let sessions: SessionClient<Shop>;
  let prometheus: Awaited<ReturnType<typeof startPrometheus>>;
  let exporter: PrometheusExporter;
  let stop: () => void;
  let isOver = false;
  let traffic: Promise<void>;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    await migrate('postgresql', postgres.url, { ca: postgres.ca });
    database = await openPrisma('postgresql', postgres.url, { ca: postgres.ca });
    sessions = await realClient({ redis, database: { prisma: database.prisma, provider: 'postgresql' } });
    await sessions.ready({ timeout: '30s' });
    const port = await freePort();
    exporter = new PrometheusExporter({ port, host: '127.0.0.1' });
    stop = observeSessions({ sessions, meterProvider: new MeterProvider({ readers: [exporter] }) });
    prometheus = await startPrometheus(port, hasty);
    traffic = visitors();
  });

  afterAll(async () => {
    isOver = true;
    await traffic;
    stop();
    await prometheus[Symbol.asyncDispose]();
    await exporter.shutdown();
    await sessions.close();
    await database.close().catch(() => undefined);
    await Promise.all([postgres.stop(), redis.stop()]);
  });

  /** Some sessions that live and end, whatever becomes of the servers, and cookies that were made up. */
  async function visitors(): Promise<void> {
    while (!isOver) {
      await visit().catch(() => undefined);
      sessions['~http'].refusedCookie();
      await pause(50);
    }
  }

  async function visit(): Promise<void> {
    const { id } = await sessions.create({ cart: [] });
    await sessions.update(id, ({ cart }) => void cart.push('tea'));
    const session = await sessions.regenerate(id, { userId: 'ada' });
    for (let read = 0; read < 3; read += 1) await sessions.get(session.id);
    await sessions.destroy(session, { by: 'logout' });
  }

  const fires = (name: string, what: string) =>
    until(async () => (await prometheus.firing()).includes(name), { timeoutMs: 60_000, what: `${name}, ${what},` });
  const ends = (name: string) =>
    until(async () => !(await prometheus.firing()).includes(name), { timeoutMs: 60_000, what: `the end of ${name}` });

  it('is watched, and no alert fires while all is well', async () => {
    await until(async () => (await prometheus.series('holdfast_health_state == 1')).length === 3, { what: 'a scrape' });
    await until(async () => (await prometheus.firing()).length === 0, { what: 'the end of every alert' });
  });

  it('has an alert for a Redis that is killed, which ends when it is back', async () => {
    await redis.kill();
    await fires('HoldfastRedisOutOfUse', 'while Redis is down');
    expect((await probes(sessions).ready()).body.state).toBe('degraded');
    expect(await prometheus.firing()).not.toContain('HoldfastDatabaseUnwell');
    await redis.start();
    await ends('HoldfastRedisOutOfUse');
  });

  it('has alerts for a database that is killed, which end when it is back', async () => {
    await postgres.kill();
    await fires('HoldfastDatabaseUnwell', 'while the database is down');
    await fires('HoldfastCallsFail', 'while the database is down');
    await postgres.start();
    await ends('HoldfastDatabaseUnwell');
    await ends('HoldfastCallsFail');
  });

  it.each(queries)('has data for the panel "$title", query $ref', async ({ expr }) => {
    const query = expr.replaceAll('$__rate_interval', '10s').replaceAll('$namespace', '.*');
    const series = await prometheus.series(query);
    expect(series.flatMap(({ values }) => values).filter(([, value]) => value !== 'NaN').length).toBeGreaterThan(0);
  });

  it('exports every metric that a rule asks for', async () => {
    const names = new Set([...rules.matchAll(/\bholdfast_\w+(?=[{[)]| )/g)].map(([name]) => name));
    const metrics = [...names].filter(
      (name) => !/^holdfast_(?:namespace|tier|reason|work|operation|part|state|outcome)$/.test(name),
    );
    expect(metrics.length).toBeGreaterThan(8);
    const series = await Promise.all(
      metrics.map(async (name) => ({ name, found: (await prometheus.series(name)).length })),
    );
    expect(series.filter(({ found }) => found === 0)).toEqual([]);
  });
});
