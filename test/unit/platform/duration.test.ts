import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../src/errors.ts';
import { parseDuration } from '../../../src/platform/duration.ts';

const parse = (value: unknown) => parseDuration('lifetime.idle', value, 1_000, 86_400_000);

describe('parseDuration', () => {
  it.each([
    [1_000, 1_000],
    ['1500ms', 1_500],
    ['30s', 30_000],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['1d', 86_400_000],
  ])('reads %s as %i ms', (value, ms) => {
    expect(parse(value)).toBe(ms);
  });

  it.each([
    999,
    86_400_001,
    1.5,
    Number.NaN,
    '30',
    '1.5h',
    ' 30m',
    '30 m',
    '-1s',
    '',
    null,
    undefined,
    {},
    '9'.repeat(50),
  ])('refuses %s and names option and range', (value) => {
    expect(() => parse(value)).toThrow(ConfigurationError);
    expect(() => parse(value)).toThrow(/^lifetime\.idle: .*from 1s to 1d/);
  });
});
