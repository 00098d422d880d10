import type { Mutation } from './mutation.ts';

const TIME = 'src/tiers/sql/cluster/cluster-time.ts';
const GALERA = 'src/tiers/sql/dialects/mysql/galera.ts';

/** A database of several servers. */
export const serverMutations: readonly Mutation[] = [
  {
    name: 'a statement does not wait for what the cluster has committed',
    edits: [{ file: GALERA, find: 'wsrep_sync_wait = 15', replace: 'wsrep_sync_wait = 0' }],
    faults: ['server-queue'],
    seed: 1,
  },
  {
    name: 'the clocks of servers are not corrected',
    edits: [{ file: TIME, find: 'Math.ceil(this.#timeAt(at)) - wall]', replace: '0]' }],
    faults: [],
    scenario: 'a write that waits at a server whose clock is behind',
  },
  {
    name: 'a client goes back to the committed time',
    edits: [{ file: TIME, find: 'committed > this.#timeAt(at)', replace: 'committed >= 0' }],
    faults: ['server-clock', 'redis-cut'],
    seed: 412,
  },
  {
    name: 'a client takes no later time of another',
    edits: [{ file: TIME, find: 'committed > this.#timeAt(at)', replace: 'this.#base === undefined' }],
    faults: [],
    scenario: 'a client that goes on after another has set the time forward',
  },
  {
    name: 'the time is that of the server that answers',
    edits: [
      {
        file: TIME,
        find: 'if (committed !== null && committed > this.#timeAt(at)) this.#base = { time: committed, at };',
        replace: 'this.#base = { time: wall, at };',
      },
    ],
    faults: ['server-clock', 'redis-cut'],
    seed: 134,
  },
];
