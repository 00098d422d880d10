import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type ContainerSpec, removeLeftContainers, startContainer } from '../support/servers/docker.ts';
import { freePort, isPortTaken } from '../support/servers/ports.ts';
import { insistsOnDocker } from '../support/servers/provider.ts';
import { startPostgres } from '../support/servers/postgres.ts';

async function newSpec(script: string): Promise<ContainerSpec> {
  const run = `containers-${randomBytes(6).toString('hex')}`;
  return { image: 'redis:8', ports: { container: 6380, host: await freePort() }, script, files: {}, run };
}

/** Whether the whole run left a container behind is asked at its end, in test/support/global-setup.ts. */
describe.runIf(insistsOnDocker())('a container', () => {
  const serve = 'exec redis-server --port 6380 --bind 0.0.0.0 --protected-mode no';

  test('is found by its run, until it is removed', async () => {
    const spec = await newSpec(serve);
    const container = await startContainer(spec);
    expect(await removeLeftContainers(spec.run)).toEqual([expect.stringMatching(/^redis:8 /)]);
    expect(await removeLeftContainers(spec.run)).toEqual([]);
    await expect(container.pause()).rejects.toThrow(/no such container/i);
  });

  test('whose server ends at once is removed, and the error quotes the server', async () => {
    const spec = await newSpec('echo the disk is full; exit 3');
    await expect(startContainer(spec)).rejects.toThrow(/redis:8.*the disk is full/s);
    expect(await removeLeftContainers(spec.run)).toEqual([]);
  });

  test('whose port is taken is removed, and another port is worth a try', async () => {
    await using taken = await listen();
    const spec = { ...(await newSpec(serve)), ports: { container: 6380, host: taken.port } };
    const error = await startContainer(spec).catch((reason: unknown) => reason);
    expect(isPortTaken(error)).toBe(true);
    expect(error).toMatchObject({ name: 'Error' });
    expect(await removeLeftContainers(spec.run)).toEqual([]);
  });

  test('whose PostgreSQL refuses its settings does not keep the test waiting', async () => {
    await expect(startPostgres({ settings: { max_connections: 'many' } })).rejects.toThrow(/max_connections/);
  });
});

async function listen() {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise((resolve) => server.close(resolve));
  return { port, [Symbol.asyncDispose]: async () => void (await close()) };
}
