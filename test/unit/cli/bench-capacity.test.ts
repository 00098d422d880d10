import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { operationsOf } from '../../../src/cli/bench/operations.ts';

const page = readFileSync(new URL('../../../docs/operating/capacity.md', import.meta.url), 'utf8');

/** The rows of the page with the client's CPU for the operations of the benchmark. */
const ROWS: Readonly<Record<string, string>> = {
  create: 'create',
  readAgain: 'read, from Redis, session read again',
  readNotLately: 'read, from Redis, session not seen lately',
  readDatabase: 'read, Redis down',
  update: 'update',
};

it('the benchmark compares with the figures that the page about capacity has', () => {
  const operations = operationsOf(undefined as never, undefined as never, undefined as never);
  const compared = operations.filter(({ capacityUs }) => capacityUs !== null);
  expect(compared.map(({ name }) => name)).toEqual(Object.keys(ROWS));
  for (const { name, capacityUs } of compared) {
    const [from, to] = capacityUs ?? [];
    const figure = from === to ? `${from}` : `${from}–${to}`;
    expect(page).toContain(`| ${ROWS[name]} | ${figure} |`);
  }
});
