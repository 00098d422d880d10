import { LOSSY, type Mutation } from './mutation.ts';

const SESSIONS = 'src/tiers/memory/durable/sessions.ts';
const TABLES = 'src/tiers/memory/durable/tables.ts';
const ROW = 'src/tiers/memory/durable/row.ts';
const AFTER_MISS = 'src/tiering/read/after-miss.ts';
const WRITE = 'src/tiering/write/write-path.ts';

/** Of what a statement does, and of answers that are lost. */
export const rowsMutations: readonly Mutation[] = [
  {
    name: 'statements have no deadline',
    edits: [
      {
        file: TABLES,
        find: 'validUntil !== null && this.now() > validUntil',
        replace: 'validUntil === this.now() - 1e15',
      },
    ],
    faults: ['database-late'],
    seed: 63,
  },
  {
    name: 'a write does not compare before it swaps',
    edits: [
      {
        file: SESSIONS,
        find: 'row.revision === command.record.revision - 1 && holds(row, command)',
        replace: 'row.revision > 0',
      },
    ],
    faults: [],
    seed: 2,
  },
  {
    name: 'a touch does not ask whether the session is alive',
    edits: [
      {
        file: SESSIONS,
        find: '!isAlive(row, aliveAt) || row',
        replace: 'row.revokedAt !== null || aliveAt < 0 || row',
      },
    ],
    faults: [],
    scenario: 'a touch of what has ended',
  },
  {
    name: 'a failed publish is ignored',
    edits: [
      {
        file: WRITE,
        find: '(await publish(context, record, stamp)) !== UNREACHED',
        replace: '(await publish(context, record, stamp)) !== null',
      },
    ],
    faults: [],
    scenario: 'a publish that fails',
  },
  {
    name: 'nothing is ever marked dirty',
    edits: [
      {
        file: TABLES,
        find: 'return dirty ? Math.max(row.dirtyAt ?? 0, this.now()) : row.dirtyAt;',
        replace: 'return dirty ? row.dirtyAt : row.dirtyAt;',
      },
    ],
    faults: LOSSY,
    seed: 25,
  },
  {
    name: 'a retry has a new write id',
    edits: [
      {
        file: WRITE,
        find: 'isApplied({ durable }: TieringContext, ',
        replace: 'isApplied({ durable, platform }: TieringContext, ',
      },
      {
        file: WRITE,
        find: 'settle(() => durable.sessions.update(command))',
        replace: 'settle(() => durable.sessions.update({ ...command, writeId: newWriteId(platform) }))',
      },
    ],
    faults: ['database-lost-reply'],
    seed: 18,
  },
  {
    name: 'a repeat that finds nothing is a conflict',
    edits: [
      {
        file: WRITE,
        find: 'if (answer || !isRepeat) return answer;',
        replace: 'if (answer || isRepeat !== null) return answer;',
      },
    ],
    faults: ['database-lost-reply'],
    seed: 6,
  },
  {
    name: 'a publish is stamped after its statement',
    edits: [
      {
        file: WRITE,
        find: '(await publish(context, record, stamp))',
        replace: '(await publish(context, record, primary.stamp()))',
      },
    ],
    faults: [],
    scenario: 'a publish that comes late, and its date',
  },
  {
    name: 'a mark that failed is ignored',
    edits: [
      {
        file: WRITE,
        find: 'return orUnknown(context.durable.feed.markDirty(storageKey));',
        replace: 'return orUnknown(context.durable.feed.markDirty(storageKey).catch(() => undefined));',
      },
    ],
    faults: [],
    scenario: 'a mark that fails',
  },
  {
    name: 'a lost INSERT is sent again',
    edits: [
      {
        file: WRITE,
        find: 'return await durable.sessions.insert(command);',
        replace: 'return (await settle(() => durable.sessions.insert(command))).answer;',
      },
    ],
    faults: [],
    scenario: 'an INSERT that comes late',
  },
  {
    name: 'the key of a lost INSERT is not given up',
    edits: [
      {
        file: WRITE,
        find: "if (naming === 'fresh') giveUp(context, lost, false);\n    else context.insertsInDoubt.add(lost);",
        replace: '',
      },
    ],
    faults: ['database-lost-reply'],
    seed: 6,
  },
  {
    name: 'a write in doubt leaves the copy',
    edits: [
      {
        file: WRITE,
        find: 'if (error instanceof OutcomeUnknownError) await primary.evict(record.storageKey, record.revision);',
        replace: '',
      },
    ],
    faults: [],
    scenario: 'a write in doubt',
  },
  {
    name: 'a lost answer means that nothing changed',
    edits: [
      {
        file: 'src/tiering/guard/durable-guard.ts',
        find: 'this.#send(statement, inDoubt)',
        replace: 'this.#send(statement, unavailable)',
      },
    ],
    faults: ['database-lost-reply'],
    seed: 4,
  },
  {
    name: 'a row remembers one earlier key',
    edits: [
      {
        file: SESSIONS,
        find: '[...row.previousKeys, previousStorageKey].slice(-PREVIOUS_KEYS_MAX)',
        replace: '[previousStorageKey].slice(-PREVIOUS_KEYS_MAX)',
      },
    ],
    faults: [],
    seed: 374,
  },
  {
    name: 'times of a touch may go back',
    edits: [
      {
        file: SESSIONS,
        find: 'this.#tables.store({ ...row, lastSeenAt: Math.max(row.lastSeenAt, lastSeenAt), idleExpiresAt })',
        replace: 'this.#tables.store({ ...row, lastSeenAt, idleExpiresAt: moved })',
      },
    ],
    faults: [],
    scenario: 'a touch that is written late',
  },
  {
    name: 'a write does not ask whether the row is revoked',
    edits: [
      {
        file: ROW,
        find: 'return row.revokedAt === null && row.idleExpiresAt >= aliveAt',
        replace: 'return row.idleExpiresAt >= aliveAt',
      },
    ],
    faults: [],
    whyNot: 'The revision of a revoked row is one higher, so that no write of before finds the one that it expects.',
  },
  {
    name: 'a revocation keeps the revision',
    edits: [{ file: SESSIONS, find: 'revision: row.revision + 1,', replace: 'revision: row.revision,' }],
    faults: [],
    whyNot: 'No write changes a row that is revoked.',
  },
  {
    name: 'a write does not ask, and a revocation keeps the revision',
    edits: [
      {
        file: ROW,
        find: 'return row.revokedAt === null && row.idleExpiresAt >= aliveAt',
        replace: 'return row.idleExpiresAt >= aliveAt',
      },
      { file: SESSIONS, find: 'revision: row.revision + 1,', replace: 'revision: row.revision,' },
      // The envelope of a revoked row is empty, so it is no longer what the write was made from.
      { file: SESSIONS, find: ' && holds(row, command) &&', replace: ' &&' },
    ],
    faults: [],
    scenario: 'a write to what has ended',
  },
  {
    name: 'an equal revision is equal',
    edits: [
      {
        file: 'src/tiering/read/copy.ts',
        find: 'return state.revision === revision && state.tag.equals(envelopeTag(envelope));',
        replace: 'return state.revision === revision && envelope.length > 0;',
      },
    ],
    faults: [],
    scenario: 'a commit that is lost, and a successor that does not reach Redis',
  },
  {
    name: 'a copy that is ahead of its row stays when a write has found that out',
    edits: [
      { file: AFTER_MISS, find: 'session === null || isBehind(session.record, missed)', replace: 'session === null' },
    ],
    faults: [],
    scenario: 'commits that are lost, and an update',
  },
  {
    name: 'nobody looks at the row after a `replace` that was refused',
    edits: [
      {
        file: 'src/client/write/session-writer.ts',
        find: 'await context.store.readAfterMiss(current.storageKey, current.record)',
        replace: 'await context.store.readDurable(current.storageKey)',
      },
    ],
    faults: [],
    scenario: 'commits that are lost, and a caller who replaces what it has read',
  },
];
