import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/*
 * Writes docs/reference/limits.md from src/limits: every bound, its value and its reason, as the source has them. docs:check
 * compares the page with this.
 *
 * npm run limits
 */
const root = fileURLToPath(new URL('..', import.meta.url));
export const LIMITS_PAGE = `${root}docs/reference/limits.md`;

const HEAD = `# Limits

Every bound of the library, with its value and the reason for it. What can be set is an [option](options.md), and has its default, its
least and its greatest value here; the rest is fixed. \`npm run limits\` writes this page from \`src/limits\`, where the names are.
`;

/** The headings, in the order of the page; the name of each file of src/limits. */
const SECTIONS: Readonly<Record<string, string>> = {
  session: 'Sessions',
  http: 'HTTP sessions and stores of other frameworks',
  client: 'The client',
  'primary-tier': 'Redis',
  cluster: 'A cluster',
  sentinel: 'Sentinels',
  masters: 'Which Redis counts',
  'durable-tier': 'The database',
  'database-cluster': 'A cluster of databases',
  feed: 'The dirty feed',
  recovery: 'Revocations that the database owes',
  upkeep: 'Sweep and walks',
  fleet: 'Nodes of a fleet',
  keys: 'Keys and key rings',
  codec: 'Envelopes',
  process: 'The process',
  cli: 'Command line',
  doctor: 'The doctor',
};

interface Limit {
  readonly name: string;
  readonly reason: string;
  readonly value: unknown;
}

/** Returns the page that the present sources make. */
export async function limitsPage(): Promise<string> {
  const files = readdirSync(`${root}src/limits`).map((name) => name.replace(/\.ts$/, ''));
  const unknown = files.filter((name) => SECTIONS[name] === undefined);
  if (unknown.length > 0) throw new Error(`tools/limits.ts has no heading for src/limits/${unknown.join(', ')}.`);
  const names = Object.keys(SECTIONS).filter((name) => files.includes(name));
  const sections = await Promise.all(names.map(async (name) => sectionOf(SECTIONS[name] ?? '', await limitsOf(name))));
  return [HEAD, ...sections].join('\n');
}

async function limitsOf(file: string): Promise<Limit[]> {
  const path = `${root}src/limits/${file}.ts`;
  const values: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href);
  const source = readFileSync(path, 'utf8');
  const limits = [...source.matchAll(/((?:\/\*\*(?:(?!\*\/).)*\*\/\n)?)^export const (\w+)/gms)].map(
    ([, doc = '', name = '']) => ({
      name,
      value: values[name],
      reason: doc
        .replaceAll(/\/\*\*|\*\/|^ \*(?!\/) ?/gm, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    }),
  );
  const bare = limits.filter(({ reason }) => reason === '').map(({ name }) => name);
  if (bare.length > 0) throw new Error(`src/limits/${file}.ts gives no reason for ${bare.join(', ')}.`);
  return limits;
}

function sectionOf(heading: string, limits: readonly Limit[]): string {
  const rows = limits.map(
    ({ name, value, reason }) => `| \`${name}\` | ${spell(name, value)} | ${reason.replaceAll('|', '\\|')} |`,
  );
  return `## ${heading}\n\n| name | value | why |\n|---|---|---|\n${rows.join('\n')}\n`;
}

/** Spells a value in the unit of its name. */
function spell(name: string, value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([part, each]) => `${part.replace(/Ms$/, '')} ${spell(part.endsWith('Ms') ? '_MS' : '', each)}`)
      .join(', ');
  }
  if (typeof value !== 'number') throw new Error(`${name} is not a number.`);
  if (/_MS(?:_|$)/.test(name)) return inUnits(value, TIMES);
  if (/_BYTES(?:_|$)/.test(name)) return inUnits(value, SIZES);
  return grouped(value);
}

const TIMES = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;
const SIZES = [
  ['GiB', 1_073_741_824],
  ['MiB', 1_048_576],
  ['KiB', 1_024],
  ['bytes', 1],
] as const;

/** Spells it in the largest unit that it is a whole number, or a short decimal, of. */
function inUnits(value: number, units: readonly (readonly [unit: string, size: number])[]): string {
  const [unit, size] = units.find(([, each]) => value >= each && (value * 10) % each === 0) ?? units.at(-1) ?? ['', 1];
  return `${grouped(value / size)} ${unit}`;
}

const grouped = (value: number): string => String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, value < 10_000 ? '' : ' ');

if (import.meta.main) writeFileSync(LIMITS_PAGE, await limitsPage());
