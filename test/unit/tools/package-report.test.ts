import { describe, expect, it } from 'vitest';
import { sortedDeclarations, withoutComments } from '../../../tools/api-report.ts';
import { findFaults } from '../../../tools/check-package.ts';

describe('the report of the public interface', () => {
  it('says the same when a declaration moves or a comment changes, and something else when a type does', () => {
    const one =
      '/** Opens. */\nexport declare function open(): void;\ninterface Options {\n  readonly every?: number;\n}\n';
    const moved =
      'interface Options {\n  readonly every?: number; // how often\n}\nexport declare function open(): void;\n';
    const reported = (code: string): string[] => sortedDeclarations(withoutComments(code));
    expect(reported(moved)).toEqual(reported(one));
    expect(reported(one.replace('?: number', ': number'))).not.toEqual(reported(one));
    expect(reported(one)).toHaveLength(2);
  });

  it('keeps overloads in their order', () => {
    const overloads = ['declare function open(a: string): void;', 'declare function open(a: number): void;'];
    expect(sortedDeclarations(overloads.join('\n'))).toEqual(overloads);
  });
});

describe('the check of the tarball', () => {
  const packed = (size: number, ...paths: string[]) => ({
    size,
    unpackedSize: size,
    files: paths.map((path) => ({ path, size: 1 })),
  });

  it('finds nothing in a small one that has what is listed', () => {
    expect(findFaults(packed(251_000, 'dist/index.js'), ['dist/index.js'])).toEqual([]);
  });

  it('finds one that is too large, a file too many and a file too few', () => {
    expect(findFaults(packed(251_001, '.env'), ['LICENSE'])).toEqual([
      'the package has 251001 bytes, and may have 251000',
      '.env is packed and not listed',
      'LICENSE is listed and not packed',
    ]);
  });
});
