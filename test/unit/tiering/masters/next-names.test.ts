import { describe, expect, it } from 'vitest';
import { readNames, readReport, writeNames } from '../../../../src/tiering/masters/names.ts';
import { disputes, nextNames } from '../../../../src/tiering/masters/next-names.ts';

interface Circumstances {
  /** The reports of nodes that are not fresh: they were seen within a minute, and have crashed. */
  readonly crashed?: readonly string[];
  /** The node has disputed the names for long. */
  readonly isLong?: boolean;
}

/** Returns what the node with the report `own` makes of the names; a star marks the entries that are new. */
function next(
  named: string | null,
  own: string,
  others: string[],
  { crashed = [], isLong = false }: Circumstances = {},
) {
  const running = [own, ...others].map(readReport);
  const reports = {
    own: readReport(own),
    live: [...running, ...crashed.map(readReport)],
    fresh: running,
    isLongDisputed: isLong,
  };
  const proposed = nextNames(named === null ? null : readNames(namesOf(named)), reports, () => 'ff');
  return proposed && writeNames(proposed).replaceAll(/\.(00|ff)/g, (nonce) => (nonce === '.ff' ? '*' : ''));
}

/** Writes names with a nonce: `main=X` is `main=X.00`. */
function namesOf(text: string): string {
  return text.replaceAll(/(=\w+)/g, '$1.00');
}

const LONG = { isLong: true };

describe('one server', () => {
  it('is named by any node that is connected to it, where none is named yet', () => {
    expect(next(null, 'main=X', ['main=Y', 'main=Y'])).toBe('main=X*');
    expect(next(null, 'main=', ['main=Y'])).toBeNull();
    expect(next(null, '', [])).toBeNull();
  });

  it('stays named as long as its own nodes have a say', () => {
    expect(next('main=X', 'main=X', ['main=Y', 'main=Y', 'main=Y'], LONG)).toBeNull();
  });

  it.each([false, true])('is not taken from others by one stray node (after a long dispute: %s)', (isLong) => {
    expect(next('main=X', 'main=Y', ['main=X', 'main=X', 'main=X'], { isLong })).toBeNull();
    expect(next('main=X', 'main=Y', ['main=X'], { isLong })).toBeNull();
  });

  it('changes with more than half of the live nodes, and not with half of them', () => {
    expect(next('main=X', 'main=Y', ['main=Y', 'main=Y', 'main=X'])).toBe('main=Y*');
    expect(next('main=X', 'main=Y', ['main=Y', 'main=X', 'main=X'], LONG)).toBeNull();
    expect(next('main=X', 'main=Y', ['main=Y', 'main=', 'main='])).toBeNull();
  });

  it('that has restarted is named as soon as more than half of the nodes have followed', () => {
    expect(next('main=X', 'main=Z', [])).toBe('main=Z*');
    expect(next('main=X', 'main=Z', ['main=X', 'main=X'])).toBeNull();
    expect(next('main=X', 'main=Z', ['main=Z', 'main=X'])).toBe('main=Z*');
  });

  it('waits for a long dispute where half of the nodes have crashed', () => {
    const crashed = ['main=X'];
    expect(next('main=X', 'main=Z', [], { crashed })).toBeNull();
    expect(next('main=X', 'main=Z', [], { crashed, isLong: true })).toBe('main=Z*');
    expect(next('main=X', 'main=Z', [], { crashed: ['main=X', 'main=X', 'main=X'], isLong: true })).toBe('main=Z*');
  });

  it('is not taken by a long dispute from nodes that are as many, and is from fewer', () => {
    expect(next('main=X', 'main=Y', ['main=X'], LONG)).toBeNull();
    expect(next('main=X', 'main=Y', ['main=Y', 'main=X', 'main=X'], LONG)).toBeNull();
    const crashed = ['main=X', 'main=X'];
    expect(next('main=X', 'main=Y', ['main=Y', 'main=X'], { crashed, isLong: true })).toBe('main=Y*');
  });

  it('is not taken by a stray node together with nodes that have crashed', () => {
    const crashed = ['main=Y', 'main=Y'];
    expect(next('main=X', 'main=Y', ['main=X', 'main=X'], { crashed })).toBeNull();
    expect(next('main=X', 'main=Y', [], { crashed })).toBeNull();
  });

  it('is not replaced by a node that is connected to none', () => {
    expect(next('main=X', 'main=', ['main=Y', 'main=Y'], LONG)).toBeNull();
  });

  it('is named anew, by more than half of the nodes, where a person has damaged the names', () => {
    expect(next('', 'main=X', [])).toBe('main=X*');
    expect(next('', 'main=X', ['main=Y'])).toBeNull();
    expect(next('', 'main=X', ['main=X', 'main=Y'])).toBe('main=X*');
  });
});

describe('the servers of a cluster', () => {
  const before = 'a=1,b=2,c=3';
  /** The replica `d` has taken the slots of `a`. */
  const after = 'b=2,c=3,d=4';

  it('are all named at first', () => {
    expect(next(null, before, [])).toBe('a=1*,b=2*,c=3*');
    expect(next(null, 'a=1,b=,c=3', [])).toBe('a=1*,c=3*');
  });

  it('change by one entry where a master restarts', () => {
    expect(next(before, 'a=1,b=9,c=3', ['a=1,b=9,c=3', before])).toBe('a=1,b=9*,c=3');
    expect(next(before, 'a=1,b=,c=3', ['a=1,b=,c=3'])).toBeNull();
  });

  it('lose a master as they get the replica that took its slots, and only together', () => {
    expect(next(before, after, [after, before])).toBe('b=2,c=3,d=4*');
    expect(next(before, after, [before])).toBeNull();
    expect(next(before, after, [before], LONG)).toBeNull();
    // Most nodes have `d`, but not most lack `a`.
    const both = `${before},d=4`;
    expect(next(before, after, [both, both])).toBeNull();
  });

  it('get a new master, and lose one without slots, with more than half of the nodes', () => {
    const grown = `${before},d=4`;
    expect(next(before, grown, [grown, before])).toBe('a=1,b=2,c=3,d=4*');
    expect(next(before, grown, [before])).toBeNull();
    expect(next(grown, before, [before, grown])).toBe(before);
    expect(next(grown, before, [grown], LONG)).toBeNull();
    expect(next(grown, before, [], { crashed: [grown], isLong: true })).toBe(before);
    expect(next(before, grown, [], { crashed: [before], isLong: true })).toBe('a=1,b=2,c=3,d=4*');
  });

  it('keep a master that is only away', () => {
    expect(next(before, 'a=,b=2,c=3', ['a=,b=2,c=3'], LONG)).toBeNull();
  });

  it('stay in an even split', () => {
    expect(next(before, after, [after, before, before], LONG)).toBeNull();
    expect(next(after, before, [before, after, after], LONG)).toBeNull();
  });

  it('are left alone by a node that has not met the cluster yet, and such nodes speak against nothing', () => {
    expect(next(before, '', ['', ''], LONG)).toBeNull();
    expect(next(before, after, ['', before], LONG)).toBeNull();
    expect(next(before, 'a=1,b=9,c=3', ['', 'a=1,b=9,c=3'])).toBe('a=1,b=9*,c=3');
  });

  it('that have stayed keep their nonce', () => {
    const names = readNames('a=1.07,b=2.08');
    const own = readReport('a=1,b=9');
    const reports = { own, live: [own], fresh: [own], isLongDisputed: false };
    expect(writeNames(nextNames(names, reports, () => '99') ?? new Map())).toBe('a=1.07,b=9.99');
  });
});

describe('a report disputes the names', () => {
  it.each<[string, string, boolean]>([
    ['main=X', 'main=X', false],
    ['main=X', 'main=Y', true],
    ['main=X', 'main=', false],
    ['main=X', '', false],
    ['', 'main=X', true],
    ['a=1,b=2', 'a=1,b=', false],
    ['a=1,b=2', 'a=1', true],
    ['a=1', 'a=1,b=2', true],
    ['a=1', 'a=1,b=', false],
  ])('%o: a node at %o: %s', (names, report, expected) => {
    expect(disputes(readReport(report), readNames(namesOf(names)))).toBe(expected);
  });
});
