import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { type Block, readBlocks } from '../../tools/doc-blocks.ts';
import { walk } from '../../tools/walk.ts';
import { asMariadbAdmin, connectMariadb } from '../support/servers/mariadb.ts';
import { freePort } from '../support/servers/ports.ts';
import { asPostgresAdmin, pgOptions } from '../support/servers/postgres.ts';
import { asAdmin } from '../support/servers/redis-admin.ts';
import { sha256 } from '../support/servers/redis-config.ts';
import { launchPeer, redisFlavours, startRedis } from '../support/servers/redis.ts';
import { until } from '../support/servers/until.ts';
import { freshDatabase, sharedMariadb, sharedPostgres, sharedRedis } from '../support/shared.ts';

/** What the pages give to servers, given to servers: a statement that has become wrong fails here. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = walk(root).filter((file) => file.endsWith('.md'));
const blocks = pages.flatMap((file) =>
  readBlocks(readFileSync(file, 'utf8')).map((block) => ({ page: relative(root, file), ...block })),
);
const of = (language: string, info = ''): (Block & { readonly page: string })[] =>
  blocks.filter((block) => block.language === language && block.info === info);
const titled = (all: readonly (Block & { readonly page: string })[]) =>
  all.map((block): [string, Block] => [`${block.page}:${block.line}`, block]);

/** The accounts of the pages under a name that no other test has. */
const account = `t${randomBytes(6).toString('hex')}`;
const named = (code: string, database: string): string =>
  code
    .replaceAll('shop_sessions', account)
    .replaceAll('DATABASE shop', `DATABASE ${database}`)
    .replaceAll('shop.', `${database}.`)
    .replaceAll("'…'", `'${randomBytes(18).toString('base64url')}'`);

describe('SQL of the pages', () => {
  it.each(titled(of('sql')))('runs on PostgreSQL: %s', async (_, { code }) => {
    await using database = await freshDatabase('postgresql');
    const url = new URL(sharedPostgres().adminUrl);
    url.pathname = new URL(database.url).pathname;
    const client = new Client(pgOptions(url.href, database.ca ?? ''));
    await client.connect();
    try {
      await client.query(named(code, url.pathname.slice(1)));
      if (code.includes('CREATE ROLE')) await client.query(`DROP OWNED BY ${account}`);
    } finally {
      await client.end();
      await asPostgresAdmin(sharedPostgres(), `DROP ROLE IF EXISTS ${account}`);
    }
  });

  it.each(titled(of('sql', 'mysql')))('runs on MariaDB: %s', async (_, { code }) => {
    await using database = await freshDatabase('mysql');
    const server = await sharedMariadb();
    const url = new URL(server.adminUrl);
    url.pathname = new URL(database.url).pathname;
    const isMariadb = /MariaDB/.test(JSON.stringify(await asMariadbAdmin(server, 'SELECT VERSION() AS version')));
    // Other tests have connections of this server, too.
    const sql = named(code, url.pathname.slice(1)).replaceAll('SET GLOBAL', 'SET SESSION');
    await using connection = await connectMariadb(url.href, server.ca);
    await connection.query(isMariadb ? sql : sql.replace(/ WITH MAX_STATEMENT_TIME \S+(?=;)/, ''));
    await asMariadbAdmin(server, `DROP USER IF EXISTS ${account}`);
  });

  it('is found', () => {
    expect([...of('sql'), ...of('sql', 'mysql')].length).toBeGreaterThan(6);
    expect(blocks.filter(({ language, info }) => language === 'sql' && !['', 'mysql'].includes(info))).toEqual([]);
  });
});

/** Users of an ACL file as arguments of ACL SETUSER. */
const usersOf = (code: string): string[][] =>
  code
    .trim()
    .replaceAll(/#<[^>]*>/g, `#${sha256('a password')}`)
    .split('\n')
    .map((line) => [account, ...line.split(' ').slice(2)]);

/** Directives that name files and ports of the reader's machine; the harness has its own. */
const OF_THE_MACHINE = /^(?:port|tls-port|tls-\w+-file|tls-ca-cert-file|aclfile) /;
const directivesOf = (code: string): Record<string, string> =>
  Object.fromEntries(
    code
      .trim()
      .split('\n')
      .filter((line) => !OF_THE_MACHINE.test(line))
      .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  );

describe.each(redisFlavours())('settings of the pages, by %s,', (flavour) => {
  it.each(titled(of('conf')))('are accepted: %s', async (_, { code }) => {
    await using server = await startRedis({ flavour, directives: directivesOf(code) });
    const known = await asAdmin(server, server.admin, (admin) =>
      Promise.all(
        code
          .trim()
          .split('\n')
          .map((line) => admin.config('GET', line.split(' ')[0] ?? '')),
      ),
    );
    for (const answer of known) expect(answer).not.toEqual([]);
  });

  it('are accepted by a Sentinel', async () => {
    const port = await freePort();
    const lines = of('conf', 'sentinel').map(({ code }) => code);
    const files = ({ bind }: { bind: string }) => ({ 'server.conf': `bind ${bind}\nport ${port}\n${lines.join('')}` });
    const machine = await launchPeer(flavour, port, files, ['--sentinel']);
    try {
      await machine.launch({ wipe: false });
      const address = { host: machine.host, port, ca: undefined };
      const ask = <T>(errand: Parameters<typeof asAdmin<T>>[2]) =>
        asAdmin(address, { username: 'default', password: '' }, errand);
      const ready = until(() => ask(async (admin) => (await admin.ping()) === 'PONG'), { what: 'a Sentinel' });
      await machine.whenReady(ready);
      for (const { code } of of('acl', 'sentinel')) {
        for (const user of usersOf(code))
          expect(await ask((admin) => admin.acl('SETUSER', ...toPair(user)))).toBe('OK');
      }
    } finally {
      await machine.remove();
    }
  });
});

it.each(titled(of('acl')))('the rights of the pages are accepted: %s', async (_, { code }) => {
  const { admin, ...server } = sharedRedis();
  for (const user of usersOf(code)) {
    await asAdmin(server, admin, async (redis) => {
      expect(await redis.acl('SETUSER', ...toPair(user))).toBe('OK');
      await redis.acl('DELUSER', account);
    });
  }
});

const toPair = ([name = '', ...rules]: readonly string[]): [string, ...string[]] => [name, ...rules];
