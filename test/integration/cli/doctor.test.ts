import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdfast } from '../../support/cli.ts';
import { DoctorBench } from '../../support/doctor/bench.ts';
import { DATABASE_FAULTS } from '../../support/doctor/database-faults.ts';
import { KEY_FAULTS } from '../../support/doctor/key-faults.ts';
import { REDIS_FAULTS } from '../../support/doctor/redis-faults.ts';

let bench: DoctorBench;

beforeAll(async () => {
  bench = await DoctorBench.start();
});

afterAll(() => bench[Symbol.asyncDispose]());

describe('holdfast doctor', () => {
  it('finds nothing in a healthy set-up', async () => {
    expect(await bench.examine()).toEqual([]);
  });

  it.for([...REDIS_FAULTS, ...DATABASE_FAULTS, ...KEY_FAULTS])(
    'finds %s: %s, and nothing else',
    async ([, code, plant], { skip }) => {
      const planted = await plant(bench);
      if (planted === null) return skip();
      try {
        const findings = await bench.examine(planted.variant);
        expect(
          findings.map((finding) => finding.code),
          JSON.stringify(findings),
        ).toEqual([code]);
      } finally {
        await planted.mend?.();
      }
      return undefined;
    },
  );

  it('finds nothing once every fault is taken away', async () => {
    expect(await bench.examine()).toEqual([]);
  });

  it('runs as a command with a client that the configuration file describes, and says nothing secret', async () => {
    const cwd = await bench.furnishFolder();
    const env = { HOLDFAST_REDIS_URL: 'redis://127.0.0.1:6379' };
    const [healthy, refused] = await Promise.all([
      holdfast(['doctor', '--json'], { cwd }),
      holdfast(['doctor', '--json'], { cwd, env }),
    ]);
    expect(healthy).toMatchObject({ code: 0, stdout: '{"healthy":true,"findings":[]}\n' });

    await bench.command('CONFIG', 'SET', 'maxmemory', '0');
    const warned = await holdfast(['doctor'], { cwd });
    await bench.command('CONFIG', 'SET', 'maxmemory', '64mb');
    expect(warned).toMatchObject({ code: 0, stderr: '' });
    expect(warned.stdout).toContain('warning redis-maxmemory: Redis has no maxmemory.\n  set maxmemory');
    expect(warned.stdout).toContain('\n\n0 errors, 1 warning.\n');

    await writeFile(join(cwd, 'password'), 'another one');
    const failed = await holdfast(['doctor', '--json'], { cwd });
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.stdout)).toMatchObject({
      healthy: false,
      findings: [{ code: 'redis-credentials', severity: 'error', page: 'docs/operating/redis.md#the-user' }],
    });
    // The client cannot be made: that is a finding as well.
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ findings: [{ code: 'configuration' }] });
    for (const { stdout, stderr } of [healthy, warned, failed, refused]) {
      for (const secret of bench.secrets) expect(stdout + stderr).not.toContain(secret);
    }
  });

  it('finds a standby, which is the last that this server of the test becomes', async ({ skip }) => {
    if (!bench.isLocal) return skip();
    await bench.becomeStandby();
    const findings = await bench.examine({ database: {} });
    expect(findings.map(({ code }) => code)).toEqual(['database-standby']);
    return undefined;
  });
});
