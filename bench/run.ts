import { inspect } from 'node:util';
import { cluster } from './cases/cluster.ts';
import { growth } from './cases/growth.ts';
import { heap } from './cases/heap.ts';
import { http } from './cases/http.ts';
import { latency } from './cases/latency.ts';
import { memory } from './cases/memory.ts';
import { operations } from './cases/operations.ts';
import { outage } from './cases/outage.ts';
import { profile } from './cases/profile.ts';
import { startup } from './cases/startup.ts';
import { survival } from './cases/survival.ts';
import { throughput } from './cases/throughput.ts';
import type { CaseName, Options } from './options.ts';
import { describeMachine } from './report/machine.ts';
import { report } from './report/report.ts';
import type { Results } from './results.ts';
import { startServers, type Servers } from './servers.ts';
import { newSessionData } from './session-data.ts';
import { openSubjects } from './subjects/subjects.ts';

/** Runs the cases that were asked for, one after the other, and reports what they found. */
export async function run(options: Options): Promise<void> {
  await using servers = await startServers();
  const results: Results = {
    machine: await describeMachine(servers),
    isQuick: options.quick,
    schedule: options.throughput,
    sessionBytes: JSON.stringify(newSessionData(1)).length,
  };
  await runOverSubjects(servers, options, results);
  const step = stepper(options);
  await step('operations', async () => (results.operations = await operations(servers, options)));
  await step('growth', async () => (results.growth = await growth(servers, options)));
  await step('cluster', async () => (results.cluster = await cluster(servers, options)));
  await step('startup', async () => (results.startup = startup(options)));
  await step('heap', async () => (results.heap = await heap(servers, options)));
  // The rest start servers of their own, to kill them or to have them empty.
  await step('memory', async () => (results.memory = await memory(options)));
  await step('survival', async () => (results.survival = await survival()));
  await step('outage', async () => (results.outage = await outage(options)));
  await step('http', async () => (results.http = await http(options)));
  await report(results, options.out);
}

/** Runs the cases that time the same subjects, over the same servers. */
async function runOverSubjects(servers: Servers, options: Options, results: Results): Promise<void> {
  const step = stepper(options);
  if (!(['throughput', 'latency', 'profile'] as const).some((name) => options.cases.has(name))) return;
  await using subjects = await openSubjects(servers, options.seldomRead);
  await step('throughput', async () => (results.throughput = await throughput(subjects, options, servers)));
  await step('latency', async () => (results.latency = await latency(subjects, options, servers)));
  await step('profile', async () => (results.profile = await profile(subjects, options, servers)));
}

function stepper({ cases }: Options): (name: CaseName, work: () => Promise<unknown>) => Promise<void> {
  return async (name, work) => {
    if (!cases.has(name)) return;
    const start = performance.now();
    process.stderr.write(`bench: ${name} … `);
    try {
      await work();
      process.stderr.write(`${((performance.now() - start) / 1_000).toFixed(1)} s\n`);
    } catch (error) {
      // The results of the other cases are kept.
      process.stderr.write(`failed\n${inspect(error)}\n`);
      process.exitCode = 1;
    }
  };
}
