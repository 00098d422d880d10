import { describe, expect, it } from 'vitest';
import { readNames, readReport, writeNames, writeReport } from '../../../../src/tiering/masters/names.ts';

describe('a report', () => {
  it('has one text, in whatever order its shards were learnt', () => {
    const report = new Map([
      ['b2', 'life0002'],
      ['a1', ''],
    ]);
    expect(writeReport(report)).toBe('a1=,b2=life0002');
    expect(readReport('a1=,b2=life0002')).toEqual(report);
    expect(writeReport(new Map([...report].reverse()))).toBe(writeReport(report));
  });

  it('of no shard is empty', () => {
    expect(writeReport(new Map())).toBe('');
    expect(readReport('')).toEqual(new Map());
  });
});

describe('names', () => {
  it('are read as they were written', () => {
    const names = new Map([
      ['main', { incarnation: 'life0001', nonce: '0a0b0c0d' }],
      ['a1', { incarnation: 'LIFE0002', nonce: '00000000' }],
    ]);
    expect(writeNames(names)).toBe('a1=LIFE0002.00000000,main=life0001.0a0b0c0d');
    expect(readNames(writeNames(names))).toEqual(names);
    expect(readNames('')).toEqual(new Map());
  });

  it.each(['main', 'main=', 'main=x', 'main=x.', 'main=.0a', 'MAIN=x.0a', 'main=x.0a.0b', 'ma in=x.0a', '=x.0a'])(
    'of which a person made %o by hand name nothing there',
    (damaged) => {
      expect(readNames(`${damaged},a1=x.0a`)).toEqual(new Map([['a1', { incarnation: 'x', nonce: '0a' }]]));
    },
  );
});
