import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/cli.ts';
import { Terminal } from '../../../src/cli/shell/terminal.ts';
import { systemPlatform } from '../../../src/platform/platform.ts';

interface Document {
  readonly migrations: readonly { readonly sql: string }[];
  readonly error: { readonly message: string };
}

async function answerTo(line: string): Promise<{ code: number; document: Document }> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const code = await runCli([...line.split(' '), '--json'], {
    terminal: new Terminal(streams as unknown as NodeJS.Process),
    env: {},
    signal: new AbortController().signal,
    platform: systemPlatform,
  });
  return { code, document: JSON.parse(String(streams.stdout.read())) as Document };
}

async function sqlOf(line: string): Promise<string> {
  const { document } = await answerTo(line);
  return document.migrations.map(({ sql }) => sql).join('\n');
}

describe('holdfast schema --partitions', () => {
  it('splits the sessions by storage key on PostgreSQL, and gives each partition the storage of the table', async () => {
    const sql = await sqlOf('schema postgresql --partitions 3');
    const plain = await sqlOf('schema postgresql');
    const [, parameters = ''] = /^\) WITH \(\n([\s\S]+?)\n\);/m.exec(plain) ?? [];
    const settings = parameters.match(/^ +\w.*$/gm)?.map((line) => line.trim()) ?? [];
    expect(settings).toHaveLength(2);
    expect(sql.match(/PARTITION BY .*/g)).toEqual(['PARTITION BY HASH (storage_key);']);
    expect(sql.match(/^CREATE TABLE .* PARTITION OF .*$/gm)).toEqual(
      [0, 1, 2].map(
        (n) =>
          `CREATE TABLE holdfast_session_p${n} PARTITION OF holdfast_session FOR VALUES WITH (MODULUS 3, REMAINDER ${n}) WITH (${settings.join(' ')});`,
      ),
    );
    // What follows the table is the same.
    const rest = plain.slice(plain.indexOf('-- Ciphertext does'));
    expect(rest).toContain('CREATE INDEX');
    expect(sql.slice(sql.indexOf('-- Ciphertext does'))).toBe(rest);
  });

  it('splits the sessions by storage key on MySQL, and changes nothing else', async () => {
    const sql = await sqlOf('schema mysql --partitions 256');
    expect(sql.replace(' PARTITION BY KEY (storage_key) PARTITIONS 256', '')).toBe(await sqlOf('schema mysql'));
    expect(sql.match(/PARTITION BY/g)).toHaveLength(1);
  });

  it('is refused for SQLite, which has no partitions', async () => {
    const { code, document } = await answerTo('schema sqlite --partitions 32');
    expect(code).toBe(2);
    expect(document.error.message).toContain('SQLite has no partitions');
  });

  it.each(['1', '257', '1.5', 'many'])('is refused for %s', async (count) => {
    const { code, document } = await answerTo(`schema postgresql --partitions ${count}`);
    expect(code).toBe(2);
    expect(document.error.message).toBe('--partitions must be a whole number from 2 to 256.');
  });
});
