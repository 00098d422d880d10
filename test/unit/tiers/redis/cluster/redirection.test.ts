import { describe, expect, it } from 'vitest';
import { Redirection, redirectionIn } from '../../../../../src/tiers/redis/cluster/redirection.ts';

const reply = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' });

describe('a redirection', () => {
  it.each([
    [
      'MOVED 3999 127.0.0.1:6381',
      { reason: 'MOVED', slot: 3999, target: { host: '127.0.0.1', port: 6381 }, isAsk: false },
    ],
    ['ASK 0 a.internal:7000', { reason: 'ASK', slot: 0, target: { host: 'a.internal', port: 7000 }, isAsk: true }],
    ['MOVED 16383 2001:db8::7:6379', { target: { host: '2001:db8::7', port: 6379 } }],
    // Of a node that does not know its own name: that of the node that was asked.
    ['MOVED 1 :6379', { target: { host: '', port: 6379 } }],
  ])('is read out of %s', (message, expected) => {
    expect(redirectionIn(reply(message))).toBeInstanceOf(Redirection);
    expect(redirectionIn(reply(message))).toMatchObject(expected);
  });

  it.each([
    'MOVED',
    'MOVED 1',
    'MOVED x 127.0.0.1:1',
    'MOVED 1 127.0.0.1',
    'TRYAGAIN',
    'CLUSTERDOWN Hash slot not served',
  ])('is not seen in %s', (message) => {
    expect(redirectionIn(reply(message))).toBeNull();
  });

  it('is not seen in an error that no server sent', () => {
    expect(redirectionIn(new Error('MOVED 1 127.0.0.1:6379'))).toBeNull();
    expect(redirectionIn('MOVED 1 127.0.0.1:6379')).toBeNull();
  });

  it('shows no address where it is printed', () => {
    expect(String(redirectionIn(reply('MOVED 1 10.1.2.3:6379')))).not.toContain('10.1.2.3');
  });
});
