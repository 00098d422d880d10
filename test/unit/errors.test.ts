import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import * as holdfast from '../../src/index.ts';
import { isTierFailure, TierFailure } from '../../src/errors.ts';

/** One error of each code; the compiler misses a code that is not here. */
const errorOf: { readonly [Code in holdfast.HoldfastErrorCode]: Extract<holdfast.AnyHoldfastError, { code: Code }> } = {
  HOLDFAST_CONFIGURATION: new holdfast.ConfigurationError('x'),
  HOLDFAST_CROSS_SITE_REQUEST: new holdfast.CrossSiteRequestError(),
  HOLDFAST_ENVELOPE: new holdfast.EnvelopeError('tampered'),
  HOLDFAST_IMPORT_UNAVAILABLE: new holdfast.ImportUnavailableError('x'),
  HOLDFAST_KEY_RING: new holdfast.KeyRingError('x'),
  HOLDFAST_LOGIN_REQUIRED: new holdfast.LoginRequiredError('stale'),
  HOLDFAST_OUTCOME_UNKNOWN: new holdfast.OutcomeUnknownError(),
  HOLDFAST_PAYLOAD: new holdfast.PayloadError('x'),
  HOLDFAST_RESPONSE_STARTED: new holdfast.ResponseStartedError('x'),
  HOLDFAST_REVISION_CONFLICT: new holdfast.RevisionConflictError(),
  HOLDFAST_REVOCATION_NOT_DURABLE: new holdfast.RevocationNotDurableError(),
  HOLDFAST_SESSION_ENDED: new holdfast.SessionEndedError(),
  HOLDFAST_SESSION_EXISTS: new holdfast.SessionExistsError(),
  HOLDFAST_SESSION_MOVED: new holdfast.SessionMovedError(),
  HOLDFAST_SESSION_NOT_FOUND: new holdfast.SessionNotFoundError(),
  HOLDFAST_TIER_FAILURE: new TierFailure('rejected', 'x'),
  HOLDFAST_TIER_UNAVAILABLE: new holdfast.TierUnavailableError('durable', 'x'),
};

const page = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8');

describe.each(Object.entries(errorOf))('%s', (code, error) => {
  it('is the code of its error', () => {
    expect(error.code).toBe(code);
  });

  it('has a name that no bundler can change, also at the head of its stack', () => {
    const name = Object.getPrototypeOf(error).constructor.name as string;
    expect(Object.getOwnPropertyDescriptor(Object.getPrototypeOf(error), 'name')?.value).toBe(name);
    expect(error.stack).toMatch(new RegExp(`^${name}: `));
    expect(inspect(error)).toContain(name);
  });

  it('links to its section of the page in the package, which gives the same status and class', () => {
    expect(error.help).toBe(`holdfast/docs/reference/errors.md#${code.toLowerCase()}`);
    expect(page).toContain(`\n### ${code}\n`);
    const row = page.split('\n').find((line) => line.includes(`[\`${code}\`](#${code.toLowerCase()})`));
    expect(row).toContain(`\`${error.name}\``);
    expect(row).toContain(` ${error.status} `);
  });

  it('is recognised by its code, also from another copy of the package', () => {
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

  it('narrows to a union that a switch over the code distinguishes', () => {
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
  });

  it('is 503 or 409 for each error that is retryable', () => {
    const retryable = Object.values(errorOf).filter((error) => error.retryable);
    expect(Object.fromEntries(retryable.map(({ code, status }) => [code, status]))).toEqual({
      HOLDFAST_IMPORT_UNAVAILABLE: 503,
      HOLDFAST_REVISION_CONFLICT: 409,
      HOLDFAST_REVOCATION_NOT_DURABLE: 503,
      HOLDFAST_SESSION_MOVED: 409,
      HOLDFAST_TIER_UNAVAILABLE: 503,
    });
  });

  it.each(['revoked-key', 'outlives-limit'] as const)('is 401 for a session that is over (%s)', (reason) => {
    expect(new holdfast.EnvelopeError(reason).status).toBe(401);
  });
});
