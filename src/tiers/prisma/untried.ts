import { ENGINES_PAGE } from '../sql/engines.ts';

const warned = new Set<string>();

/** Warns once in a process of an engine that nobody has tried. */
export function warnOfUntried(engine: string): void {
  if (warned.has(engine)) return;
  warned.add(engine);
  process.emitWarning(
    `The database is ${engine}, on which holdfast has never been tried. ` +
      `What its documentation refuses or weakens: ${ENGINES_PAGE}.`,
    { type: 'HoldfastWarning', code: 'HOLDFAST_UNTRIED_ENGINE' },
  );
}
