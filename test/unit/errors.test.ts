import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import * as holdfast from '../../src/index.ts';
import { isTierFailure } from '../../src/errors.ts';

const errors: holdfast.AnyHoldfastError[] = [
  new holdfast.ConfigurationError('x'),
  new holdfast.EnvelopeError('tampered'),
  new holdfast.KeyRingError('x'),
  new holdfast.OutcomeUnknownError(),
  new holdfast.PayloadError('x'),
  new holdfast.RevisionConflictError(),
  new holdfast.RevocationNotDurableError(),
  new holdfast.SessionEndedError(),
  new holdfast.SessionExistsError(),
  new holdfast.SessionNotFoundError(),
  new holdfast.TierFailure('rejected', 'x'),
  new holdfast.TierUnavailableError('durable', 'x'),
];

const page = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8');

describe.each(errors.map((error) => [error.code, error] as const))('%s', (code, error) => {
  it('has a name that no bundler can change, also at the head of its stack', () => {
    const name = Object.getPrototypeOf(error).constructor.name as string;
    expect(Object.getOwnPropertyDescriptor(Object.getPrototypeOf(error), 'name')?.value).toBe(name);
    expect(error.stack).toMatch(new RegExp(`^${name}: `));
    expect(inspect(error)).toContain(name);
  });

  it('names its section of the page in the package, which says the same of status and class', () => {
    expect(error.help).toBe(`holdfast/docs/reference/errors.md#${code.toLowerCase()}`);
    expect(page).toContain(`\n### ${code}\n`);
    const row = page.split('\n').find((line) => line.includes(`[\`${code}\`](#${code.toLowerCase()})`));
    expect(row).toContain(`\`${error.name}\``);
    expect(row).toContain(` ${error.status} `);
  });

  it('is recognised by its code, from whatever copy of the package', () => {
    const foreign = Object.assign(new Error('from another copy'), { code });
    expect(holdfast.isHoldfastError(error)).toBe(true);
    expect(holdfast.isHoldfastError(foreign)).toBe(true);
    expect(isTierFailure(foreign)).toBe(code === 'HOLDFAST_TIER_FAILURE');
  });
});

describe('isHoldfastError', () => {
  it.each([
    undefined,
    null,
    'HOLDFAST_PAYLOAD',
    { code: 'HOLDFAST_PAYLOAD' },
    new Error('x'),
    Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('x'), { code: 'toString' }),
    Object.assign(new Error('x'), { code: 7 }),
  ])('is false for %o (%#)', (value) => {
    expect(holdfast.isHoldfastError(value)).toBe(false);
  });

  it('narrows to a union that a switch over the code tells apart', () => {
    const tierOf = (error: unknown): string => {
      if (!holdfast.isHoldfastError(error)) return 'not ours';
      switch (error.code) {
        case 'HOLDFAST_TIER_UNAVAILABLE':
          return error.tier;
        case 'HOLDFAST_ENVELOPE':
          return error.reason;
        default:
          return error.name;
      }
    };
    expect(tierOf(new holdfast.TierUnavailableError('primary', 'x'))).toBe('primary');
    expect(tierOf(new holdfast.EnvelopeError('tampered'))).toBe('tampered');
  });
});

describe('status', () => {
  it('is 503 where the same request may succeed later', () => {
    expect(new holdfast.EnvelopeError('unknown-key').status).toBe(503);
    expect(new holdfast.KeyRingError('The key source did not answer in time.', true).status).toBe(503);
    for (const error of errors) {
      if (error.retryable && error.code !== 'HOLDFAST_REVISION_CONFLICT') expect(error.status).toBe(503);
    }
  });

  it.each(['revoked-key', 'outlives-limit'] as const)('is 401 for a session that is over (%s)', (reason) => {
    expect(new holdfast.EnvelopeError(reason).status).toBe(401);
  });
});
