import { readdir, readFile } from 'node:fs/promises';
import { DATABASE_NAMES } from '../../tiers/sql/tag.ts';
import { packageFolder } from '../package-folder.ts';
import type { Command } from './command.ts';

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
  ],
  choices: DATABASE_NAMES,
  options: ['sql', 'prisma'],
  async run({ args }) {
    const provider = args.positional;
    const both = args.flag('sql') === args.flag('prisma');
    const migrations = both || args.flag('sql') ? await readMigrations(provider) : [];
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

async function readMigrations(provider: string): Promise<Migration[]> {
  const folder = new URL('migrations/', folderOf(provider));
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names
      .toSorted()
      .map(async (name) => ({ name, sql: await readFile(new URL(`${name}/migration.sql`, folder), 'utf8') })),
  );
}

/** Returns the models without the generator and the data source, which an application has already. */
async function readModels(provider: string): Promise<string> {
  const schema = await readFile(new URL('schema.prisma', folderOf(provider)), 'utf8');
  return schema.slice(schema.search(/^(?:\/\/\/|model )/m)).trim();
}
