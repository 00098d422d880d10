import type { Mutation } from './mutation.ts';

const ROW = 'src/tiers/memory/durable/row.ts';
const PATH = 'src/upkeep/sweep-page.ts';

/** Of what may be deleted, and when. */
export const sweepMutations: readonly Mutation[] = [
  {
    name: 'the sweep takes rows with marks',
    edits: [{ file: ROW, find: 'if (row.dirtyAt !== null || row.rotatedAt !== null) return false;', replace: '' }],
    faults: [],
    whyNot:
      'Rows stay for longer than any copy is believed, and than an earlier key is looked for: the marks say it once more.',
  },
  {
    name: 'the sweep takes rows as soon as they have ended',
    edits: [{ file: PATH, find: 'now - durableOutageReadsMs - SWEEP_SLACK_MS', replace: 'now' }],
    faults: [],
    scenario: 'a session that only Redis served, and the sweep',
  },
  {
    name: 'the sweep does not ask whether a row has ended',
    edits: [
      {
        file: ROW,
        find: 'return row.idleExpiresAt < endedBefore || row.absoluteExpiresAt',
        replace: 'return row.createdAt',
      },
    ],
    faults: [],
    seed: 4,
  },
  {
    name: 'the sweep takes rows that were just revoked',
    edits: [{ file: PATH, find: 'revokedBefore: now - revokedRetentionMs', replace: 'revokedBefore: now' }],
    faults: ['database-lost-reply'],
    seed: 108,
  },
  {
    name: 'several nodes sweep at a time',
    edits: [
      {
        file: 'src/tiers/memory/durable/upkeep.ts',
        find: 'fleet.sweep.until > now && !fleet.sweep.passId.equals(passId)',
        replace: 'fleet.sweep.until < 0 && !fleet.sweep.passId.equals(passId)',
      },
    ],
    faults: [],
    whyNot: 'A page deletes nothing that must stay, even if another node does the same: it is only work done twice.',
  },
];
