import { readdir, readFile } from 'node:fs/promises';
import { SCHEMA_PARTITIONS_MAX, SCHEMA_PARTITIONS_MIN } from '../../limits/cli.ts';
import { DATABASE_NAMES, type DatabaseName } from '../../tiers/sql/tag.ts';
import { packageFolder } from '../package-folder.ts';
import { usageError } from '../shell/exit.ts';
import type { Command } from './command.ts';
import { PARTITIONED } from './schema-partitions.ts';

const folderOf = (provider: string): URL => new URL(`prisma/${provider}/`, packageFolder);

interface Migration {
  readonly name: string;
  readonly sql: string;
}

export const schemaCommand: Command = {
  name: 'schema',
  summary: 'Print the tables: numbered SQL, and the Prisma models',
  details: [
    'Apply the SQL in order, with "prisma migrate" or a plain client; copy the models into your schema.',
    '--sql and --prisma print one of them alone.',
    '--partitions splits the table of the sessions, for tens of millions; not in SQLite.',
  ],
  choices: DATABASE_NAMES,
  options: ['sql', 'prisma', 'partitions'],
  async run({ args }) {
    const provider = args.positional as DatabaseName;
    const partitions = args.integer('partitions', SCHEMA_PARTITIONS_MIN, SCHEMA_PARTITIONS_MAX);
    const both = args.flag('sql') === args.flag('prisma');
    const migrations = both || args.flag('sql') ? await readMigrations(provider, partitions) : [];
    const models = both || args.flag('prisma') ? await readModels(provider) : undefined;
    const parts = [
      ...migrations.map(({ name, sql }) => `-- ${name}\n\n${sql.trim()}\n`),
      ...(models === undefined ? [] : [both ? `// Prisma models\n\n${models}` : models]),
    ];
    return {
      document: { provider, ...(migrations.length > 0 && { migrations }), ...(models !== undefined && { models }) },
      text: parts.join('\n'),
    };
  },
};

async function readMigrations(provider: DatabaseName, partitions: number | undefined): Promise<Migration[]> {
  const rewrite = PARTITIONED[provider];
  if (partitions !== undefined && rewrite === null)
    throw usageError('SQLite has no partitions: a table is one tree in one file. Leave --partitions out.');
  const folder = new URL('migrations/', folderOf(provider));
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const sql = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8');
      return { name, sql: partitions === undefined || rewrite === null ? sql : rewrite(sql, partitions) };
    }),
  );
}

/** Returns the models without the generator and the data source, which an application has already. */
async function readModels(provider: string): Promise<string> {
  const schema = await readFile(new URL('schema.prisma', folderOf(provider)), 'utf8');
  return schema.slice(schema.search(/^(?:\/\/\/|model )/m)).trim();
}
