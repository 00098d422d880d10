import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failureOf, key, opened, start } from '../../support/real-redis-tier.ts';
import type { RedisServer } from '../../support/servers/redis.ts';

describe('close', () => {
  const entry = fileURLToPath(new URL('../../../src/tiers/redis/index.ts', import.meta.url));
  const platform = fileURLToPath(new URL('../../../src/platform/platform.ts', import.meta.url));

  /** A process with nothing else to do: that it ends shows that nothing keeps it. */
  async function run(server: RedisServer, body: string): Promise<number> {
    const script = `
      import { redisTier } from ${JSON.stringify(entry)};
      import { systemPlatform } from ${JSON.stringify(platform)};
      const tier = redisTier(JSON.parse(process.env.OPTIONS));
      const open = () => tier.open({ namespace: 'holdfast', platform: systemPlatform, timeoutMs: 250 }, { onShardChange() {} });
      ${body}
      const closedAt = performance.now();
      process.on('exit', () => console.log(Math.round(performance.now() - closedAt)));`;
    const options = JSON.stringify({ url: server.url, tls: { ca: server.ca } });
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, OPTIONS: options },
      timeout: 10_000,
    });
    return Number(stdout);
  }

  it.each([
    ['in use', 'await open(); await tier.shards[0].probe(); await tier.close(); await tier.close();'],
    ['before it was opened', 'await tier.close();'],
    ['while it connects', 'const opening = open().catch(() => {}); await tier.close(); await opening;'],
    ['after it failed to connect', 'await open().catch(() => {}); await tier.close();'],
  ])('%s, lets the process end', async (_, body) => {
    const server = await start();
    if (_.includes('failed')) await server.kill();
    expect(await run(server, body)).toBeLessThan(1_000);
  });

  it('with a frozen server, lets the process end', async () => {
    const server = await start();
    await server.pause();
    onTestFinished(() => server.resume().catch(() => {}));
    expect(await run(server, 'await open().catch(() => {}); await tier.close();')).toBeLessThan(1_000);
  });

  it('fails what is in flight, and what comes after', async () => {
    const server = await start();
    const tier = await opened(server);
    await server.pause();
    const pending = failureOf(tier.read(key()));
    await new Promise((resolve) => setImmediate(resolve));
    const gathered = failureOf(tier.read(key()));
    await tier.close();
    expect(await pending).toMatchObject({ kind: 'ambiguous' });
    expect(await gathered).toMatchObject({ kind: 'not-sent' });
    expect(await failureOf(tier.read(key()))).toMatchObject({ kind: 'not-sent' });
    await server.resume();
  });
});
