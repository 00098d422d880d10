import type { Mutation } from './mutation.ts';

const FEED = 'src/tiering/trust/dirty-feed.ts';
const TIER = 'test/simulation/servers/simulated-connection.ts';

/** Mistakes about what the server is, and about keys that are not ours. */
export const topologyMutations: readonly Mutation[] = [
  {
    name: 'a script refuses a key of another type',
    edits: [
      {
        file: TIER,
        find: 'if (server.isForeign(name)) server.cure(name);',
        replace: "if (server.isForeign(name)) throw new TierFailure('misconfigured', 'WRONGTYPE');",
      },
    ],
    faults: ['redis-poison'],
    seed: 1,
  },
  {
    name: 'an incarnation is the run_id alone',
    edits: [
      {
        file: 'test/simulation/servers/redis-server.ts',
        find: "return `${this.#runId}${String(this.#replid).padStart(4, '0')}`;",
        replace: "return `${this.#runId}${String(this.#replid - this.#replid).padStart(4, '0')}`;",
      },
    ],
    faults: ['redis-demote'],
    seed: 62,
  },
  {
    name: 'the server is not asked each second who it is',
    edits: [
      {
        file: FEED,
        find: 'await primary.confirmAll();',
        replace: '',
      },
      { file: FEED, find: 'void this.#options.primary.confirmAll();', replace: '' },
      {
        file: FEED,
        find: 'return this.freshness.isFreshWith(this.#options.primary.confirmedAt(storageKey));',
        replace: 'return this.freshness.isFresh && storageKey.length > 0;',
      },
    ],
    faults: ['redis-demote'],
    seed: 33,
  },
];
