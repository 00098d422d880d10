import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { tryCommands } from '../../../../src/tiers/redis/diagnosis/trials.ts';

/** Connects to a service that answers each command with what `answer` returns, or hangs up. The real ones cost money. */
async function service(answer: (command: string) => string | null) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      // ioredis writes a command at a time, an array of bulk strings.
      for (const [, command = ''] of bytes.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n([A-Za-z]+)\r\n/g)) {
        const reply = command.toUpperCase() === 'HELLO' ? '+OK' : answer(command.toUpperCase());
        if (reply === null) socket.destroy();
        else socket.write(`${reply}\r\n`);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const redis = new Redis({
    port,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  });
  redis.on('error', () => {});
  await redis.connect();
  const close = (): void => {
    redis.disconnect();
    server.close();
  };
  return { redis, [Symbol.dispose]: close };
}

it('a command that a service keeps from everybody in its own words is none that the user may send', async () => {
  using managed = await service((command) => {
    if (command === 'CONFIG') return "-ERR Command is not available: 'CONFIG'. See the documents of the service";
    if (command === 'ACL') return "-ERR unknown command 'ACL'";
    return command === 'SLOWLOG' ? "-NOPERM this user has no permissions to run the 'slowlog' command" : '+OK';
  });
  expect(await tryCommands(managed.redis, 'standalone', 'shop:probe')).toEqual({
    missing: [],
    lacksKeys: false,
    surplus: ['CLIENT', 'DBSIZE', 'SCAN', 'SCRIPT'],
    readsOtherKeys: true,
  });
});

it('a key in another place of a cluster is one that the user may read', async () => {
  using node = await service((command) => (command === 'MGET' ? '-MOVED 1 10.0.0.1:6379' : '-NOPERM no'));
  expect(await tryCommands(node.redis, 'cluster', 'shop:probe')).toMatchObject({ surplus: [], readsOtherKeys: true });
});

it('a service that hangs up allows nothing: the look fails', async () => {
  using proxy = await service((command) => (command === 'CONFIG' ? null : '+OK'));
  await expect(tryCommands(proxy.redis, 'standalone', 'shop:probe')).rejects.toThrow('Connection is closed');
});
