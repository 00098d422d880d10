import { durableTierCases } from 'holdfast/testing';
import { describe, it } from 'vitest';
import { subjectOn } from '../support/memory-database.ts';

describe('the durable tier contract: memory', () => {
  const database = subjectOn(new Map());
  it.each(durableTierCases)('$name', ({ run }) => run(database));
});
