import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { mutations } from './mutations.ts';
import type { Edit, Mutation } from './mutations/mutation.ts';

type Simulator = Pick<typeof import('./simulation.ts'), 'simulate'> &
  Pick<typeof import('./scenarios/scenarios.ts'), 'scenarios'>;

/** The library with a mistake in it, and the simulator over it. */
export interface Mutant extends Simulator {
  readonly mutation: Mutation;
}

/** In the address of each module of a mutant: which one it belongs to. */
const MUTANT = 'mutant';
const NODE_MODULES = '/node_modules/';

/** The edits of each mutant that are not made yet; its number is its place. */
const open: Edit[][] = [];
/** Modules without their types, by address: what mutants have in common is stripped once. */
const stripped = new Map<string, string>();

/**
 * Puts a mistake into the library as it is loaded once more; nothing on disk changes. Mutants live side by side in one process.
 * Throws if there is no place for the mistake.
 */
export async function mutate(name: string): Promise<Mutant> {
  const mutation = mutations.find((candidate) => candidate.name === name);
  if (mutation === undefined)
    throw new Error(`No such mutation. There are ${mutations.map((each) => each.name).join(', ')}.`);
  if (open.length === 0) registerMutants();
  const edits = [...mutation.edits];
  const query = `?${MUTANT}=${open.push(edits) - 1}`;
  const load = async <T>(module: string): Promise<T> => (await import(`${module}${query}`)) as T;
  await load('../../src/index.ts');
  const { simulate } = await load<Simulator>('./simulation.ts');
  const { scenarios } = await load<Simulator>('./scenarios/scenarios.ts');
  if (edits.length > 0) throw new Error(`The mutation "${name}" did not apply.`);
  return { mutation, simulate, scenarios };
}

function registerMutants(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const mutant = context.parentURL?.split(`?${MUTANT}=`)[1];
      const isOurs = found.url.startsWith('file:') && !found.url.includes(NODE_MODULES) && !found.url.includes('?');
      return mutant !== undefined && isOurs ? { ...found, url: `${found.url}?${MUTANT}=${mutant}` } : found;
    },
    load(url, context, next) {
      const [address = '', mutant] = url.split(`?${MUTANT}=`);
      if (mutant === undefined) return next(url, context);
      const read = (): string => String(next(address, context).source);
      return { format: 'module', shortCircuit: true, source: sourceOf(address, open[Number(mutant)] ?? [], read) };
    },
  });
}

function sourceOf(address: string, edits: Edit[], read: () => string): string {
  const mine = edits.filter(({ file }) => address.endsWith(`/${file}`));
  if (mine.length === 0) {
    const source = stripped.get(address) ?? stripTypeScriptTypes(read());
    stripped.set(address, source);
    return source;
  }
  let source = read();
  for (const edit of mine) {
    const changed = source.replace(edit.find, edit.replace);
    if (changed === source) throw new Error(`${fileURLToPath(address)} has no place for the mutation.`);
    source = changed;
    edits.splice(edits.indexOf(edit), 1);
  }
  return stripTypeScriptTypes(source);
}
