import { endsMutations } from './mutations/ends.ts';
import { feedMutations } from './mutations/feed.ts';
import type { Mutation } from './mutations/mutation.ts';
import { mastersMutations } from './mutations/masters.ts';
import { rowsMutations } from './mutations/rows.ts';
import { scriptsMutations } from './mutations/scripts.ts';
import { serverMutations } from './mutations/servers.ts';
import { sweepMutations } from './mutations/sweep.ts';
import { topologyMutations } from './mutations/topology.ts';
import { trustMutations } from './mutations/trust.ts';

/** One for each rule of docs/internals/protocol.md, and for the cells of its tables that are not obvious. */
export const mutations: readonly Mutation[] = [
  ...scriptsMutations,
  ...trustMutations,
  ...mastersMutations,
  ...rowsMutations,
  ...endsMutations,
  ...feedMutations,
  ...serverMutations,
  ...sweepMutations,
  ...topologyMutations,
];
