import { describe, expect, it } from 'vitest';
import { parseNodesView } from '../../../../../src/tiers/redis/cluster/nodes-view.ts';

const id = (digit: string): string => digit.repeat(40);
const line = (digit: string, place: string, flags: string, epoch: number, slots = ''): string =>
  `${id(digit)} ${place} ${flags} - 0 1764000000000 ${epoch} connected ${slots}`.trim();
const view = (...lines: string[]) => parseNodesView(`${lines.join('\n')}\n`, 'asked.internal');

describe('the reader of CLUSTER NODES', () => {
  it('reads masters with address, host name, epoch and slots, and whose view it is', () => {
    const { self, masters } = view(
      line('a', '10.0.0.1:6379@16379,a.internal,shard-id=1', 'myself,master', 3, '0-99 200'),
      `${id('b')} 10.0.0.2:6379@16379,,shard-id=1 slave ${id('a')} 0 0 3 connected`,
      line('c', '10.0.0.3:7000@17000', 'master', 4, '100-199'),
    );
    expect(self).toBe(id('a'));
    expect(masters).toEqual([
      {
        id: id('a'),
        address: { host: '10.0.0.1', port: 6379 },
        hostname: 'a.internal',
        epoch: 3,
        ranges: [
          [0, 99],
          [200, 200],
        ],
      },
      { id: id('c'), address: { host: '10.0.0.3', port: 7000 }, hostname: undefined, epoch: 4, ranges: [[100, 199]] },
    ]);
  });

  it('puts the host that was asked where a node does not know its own address', () => {
    expect(view(line('a', ':6379@16379', 'myself,master', 1, '0-1')).masters[0]?.address).toEqual({
      host: 'asked.internal',
      port: 6379,
    });
  });

  it('reads IPv6, whose colons are many', () => {
    expect(view(line('a', '2001:db8::7:6379@16379', 'master', 1)).masters[0]?.address).toEqual({
      host: '2001:db8::7',
      port: 6379,
    });
  });

  it('keeps a master that failed, because its slots are its own until another claims them', () => {
    expect(view(line('a', '10.0.0.1:6379@16379', 'master,fail', 1, '0-1')).masters).toHaveLength(1);
    expect(view(line('a', '10.0.0.1:6379@16379', 'master,fail?', 1, '0-1')).masters).toHaveLength(1);
  });

  it('passes over a dead master without slots, which another has replaced', () => {
    expect(view(line('a', '10.0.0.1:6379@16379', 'master,fail', 1)).masters).toEqual([]);
    expect(view(line('a', '10.0.0.1:6379@16379', 'master', 1)).masters).toHaveLength(1);
  });

  it.each(['handshake', 'master,handshake', 'master,noaddr', 'slave', 'noflags'])(
    'passes over a node with %s',
    (flags) => {
      expect(view(line('a', '10.0.0.1:6379@16379', flags, 1, '0-1')).masters).toEqual([]);
    },
  );

  it('counts slots on their way to their owner, and takes slots that are printed twice', () => {
    const [master] = view(
      line('a', '10.0.0.1:6379@16379', 'master', 1, `0-9 0-9 [7->-${id('b')}] [99-<-${id('b')}]`),
    ).masters;
    expect(master?.ranges).toEqual([
      [0, 9],
      [0, 9],
    ]);
  });

  it('reads which slots the node itself hands over', () => {
    const { leaving } = view(
      line('a', '10.0.0.1:6379@16379', 'myself,master', 1, `0-9 [7->-${id('b')}] [9->-${id('b')}] [99-<-${id('b')}]`),
      line('b', '10.0.0.2:6379@16379', 'master', 2, `10-19 [12->-${id('a')}]`),
    );
    expect(leaving).toEqual([7, 9]);
  });

  it.each([
    '',
    'garbage',
    'a b c',
    '\n\n',
    line('a', 'nowhere', 'master', 1),
    line('a', '1:2@3', 'master', 1, '5-2 99999 x'),
  ])('takes from %j what makes sense, and no slot of the rest', (text) => {
    expect(view(text).masters.flatMap(({ ranges }) => ranges)).toEqual([]);
  });
});
