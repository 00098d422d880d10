import type { Mutation } from './mutation.ts';

const TIER = 'test/simulation/simulated-primary-tier.ts';

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
];
