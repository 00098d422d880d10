import type { Row } from '../rows/rows.ts';

// Drivers return numbers, flags and names in different types, and some catalogues spell their columns in capitals.

function valueOf(row: Row, name: string): unknown {
  return row[name] ?? row[name.toUpperCase()];
}

export function textOf(row: Row, name: string): string | null {
  const value = valueOf(row, name);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  return ['bigint', 'boolean', 'number', 'string'].includes(typeof value) ? String(value as boolean) : null;
}

export function numberOf(row: Row, name: string): number | null {
  const text = textOf(row, name);
  const number = text === null || text === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : null;
}

export function flagOf(row: Row, name: string): boolean {
  return ['1', 'true', 't'].includes(textOf(row, name) ?? '');
}

/** Reads a list whose items have commas between them. */
export function listOf(row: Row, name: string): readonly string[] {
  const text = textOf(row, name);
  return text === null || text === '' ? [] : text.split(',');
}

/** Returns the words whose condition is true. */
export function wordsFor(pairs: readonly (readonly [boolean, string])[]): readonly string[] {
  return pairs.filter(([isTrue]) => isTrue).map(([, word]) => word);
}
