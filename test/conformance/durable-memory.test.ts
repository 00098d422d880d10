import { durableTierCases } from 'holdfast/testing';
import { describe, it } from 'vitest';
import { subjectOn } from '../support/memory-database.ts';

describe('the durable tier contract: memory', () => {
  const database = subjectOn(new Map());
  it.each(durableTierCases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(database));
});
