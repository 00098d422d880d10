import { afterEach, describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { requireOptions } from '../../src/option-checks.ts';

interface Options {
  readonly force?: boolean;
  readonly kid?: string;
}

const check = (options: unknown): Options => requireOptions('promoteKey options', options as Options, ['force', 'kid']);

describe('requireOptions', () => {
  afterEach(() => {
    delete (Object.prototype as Options & { force?: boolean }).force;
  });

  it('returns the given options', () => {
    expect(check({ kid: 'a' }).kid).toBe('a');
  });

  it.each([undefined, null, [], 'force', 7])('refuses %s (%#), which holds no options', (options) => {
    expect(() => check(options)).toThrow(/^promoteKey options: expected an object, but got /);
  });

  it.each(['4711', 4711])('does not repeat %j, which may be the id of a user', (options) => {
    expect(() => check(options)).toThrow(
      new RegExp(`^promoteKey options: expected an object, but got a ${typeof options}\\.$`),
    );
  });

  it('refuses an unknown name, and lists the known ones', () => {
    expect(() => check({ forse: true })).toThrow("unknown option 'forse'; expected force, kid.");
    expect(() => check({ 'hunter2!': true })).toThrow('unknown option with another name');
    expect(() => check({ forse: true })).toThrow(ConfigurationError);
  });

  it('ignores the properties of a polluted prototype', () => {
    (Object.prototype as { force?: boolean }).force = true;
    expect(check({ kid: 'a' }).force).toBeUndefined();
    expect(check(Object.create({ force: true })).force).toBeUndefined();
    expect(check({ force: false }).force).toBe(false);
  });
});
