import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, the longest first. They begin first: one that began last would keep one processor busy, and leave
 * the other idle.
 */
const LONGEST = [
  'package/start',
  'chaos/chaos',
  'integration/cli/ring',
  'integration/cli/doctor',
  'package/package',
  'conformance/durable-prisma',
  'integration/client/slow-redis',
  'simulation/mutations',
  'integration/client/database-outages',
  'integration/client/redis-access-changes',
  'integration/client/redis-outages',
  'http/node-http',
  'conformance/primary-redis-cluster',
  'conformance/durable-pgbouncer',
  'integration/topologies',
  'integration/durable/sweep',
  'integration/durable/serialization',
  'simulation/simulation',
  'integration/durable/postgresql/opening',
  'integration/primary/redis-cluster-redirects',
] as const;

/** The order of a run: vitest's own, behind the files that take longest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const longest = LONGEST.flatMap((name) =>
      sorted.filter(({ moduleId }) => moduleId.endsWith(`/test/${name}.test.ts`)),
    );
    return [...new Set([...longest, ...sorted])];
  }
}
