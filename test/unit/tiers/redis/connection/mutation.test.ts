import { describe, expect, it } from 'vitest';
import { bytesOf, readAnswer, scriptCall, type Mutation } from '../../../../../src/tiers/redis/connection/mutation.ts';

const mutation = (key: string, ...args: string[]): Mutation => ({ script: 'holdfastPublish', key, args });

describe('the call of a script', () => {
  it('says how many keys there are, then names them, the deadline, and the parameters in the order of the keys', () => {
    expect(scriptCall([mutation('a', '1', 'A'), mutation('b', '2', 'B')], 77)).toEqual({
      script: 'holdfastPublish',
      args: [2, 'a', 'b', '77', '1', 'A', '2', 'B'],
    });
  });

  it('carries about as many bytes as key and parameters are long', () => {
    expect(bytesOf({ script: 'holdfastPublish', key: 'key', args: ['60000', Buffer.alloc(100)] })).toBe(108);
  });
});

describe('the answer of a script', () => {
  it('has the server’s time and each outcome, errors in the order of the keys that failed', () => {
    expect(readAnswer('1E0E\n1764000000000\nOOM command not allowed\nWRONGTYPE Operation against a key')).toMatchObject(
      {
        serverTime: 1_764_000_000_000,
        outcomes: [true, { kind: 'rejected', reason: 'OOM' }, false, { kind: 'misconfigured', reason: 'WRONGTYPE' }],
      },
    );
    expect(readAnswer('LL\n1764000000000').outcomes).toMatchObject([{ reason: 'late' }, { reason: 'late' }]);
  });

  it('that cannot be read promises nothing', () => {
    const ambiguous = { kind: 'ambiguous', reason: 'reply' };
    expect(readAnswer('?1\n1764000000000').outcomes).toMatchObject([ambiguous, true]);
    expect(readAnswer('E\n1764000000000').outcomes).toMatchObject([ambiguous]);
    expect(readAnswer('').outcomes).toEqual([]);
  });
});
