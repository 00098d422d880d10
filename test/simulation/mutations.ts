import type { FaultKind } from './faults.ts';

export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

interface Mistake {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly faults: readonly FaultKind[];
}

/** A mistake that somebody could make, and the first seed, from 1, that finds it; or why none does. */
export type Mutation = Mistake & ({ readonly seed: number } | { readonly whyNot: string });

const PRIMARY = 'src/tiers/memory/memory-primary-tier.ts';
const DURABLE = 'src/tiers/memory/memory-durable-tier.ts';
const GUARD = 'src/tiering/primary-guard.ts';
const FEED = 'src/tiering/dirty-feed.ts';
const WRITE = 'src/tiering/write-path.ts';
const DESTROY = 'src/tiering/destroy-path.ts';

const LOSSY: readonly FaultKind[] = [
  'redis-lost-request',
  'redis-lost-reply',
  'redis-late',
  'redis-cut',
  'redis-freeze',
];

export const mutations: readonly Mutation[] = [
  {
    name: 'a publish may create',
    edits: [
      {
        file: PRIMARY,
        find: "const isOlder = stored?.kind === 'value' && stored.value.revision < value.revision;",
        replace:
          "const isOlder = stored === undefined || (stored.kind === 'value' && stored.value.revision < value.revision);",
      },
    ],
    faults: ['redis-evict'],
    seed: 416,
  },
  {
    name: 'a publish keeps a lease',
    edits: [
      {
        file: PRIMARY,
        find: "if (stored?.kind === 'lease') this.#keyspace.delete(this.#name(storageKey));",
        replace: '',
      },
    ],
    faults: ['redis-evict'],
    seed: 112,
  },
  {
    name: 'a fill needs no lease of its own',
    edits: [
      {
        file: PRIMARY,
        find: "const isOwn = stored?.kind === 'lease' && stored.token === token;",
        replace: "const isOwn = stored === undefined || stored.kind === 'lease';",
      },
    ],
    faults: ['redis-evict'],
    seed: 112,
  },
  {
    name: 'a lease takes the place of any value',
    edits: [{ file: PRIMARY, find: '&& isSameHeader(stored.value, over)', replace: '' }],
    faults: ['node-pause', 'redis-rollback'],
    whyNot:
      'Harmless to promises: the database is read after the lease, so what is filled is at least as new as what was displaced.',
  },
  {
    name: 'a restamp does not look at the revision',
    edits: [
      {
        file: PRIMARY,
        find: 'if (stored.value.revision < command.revision) {',
        replace: 'if (command.revision < 0) {',
      },
    ],
    faults: ['redis-rollback'],
    whyNot:
      'Found once (699 seeds, other weights). It needs an older copy to come back between a validation and its restamp.',
  },
  {
    name: 'a copy is stamped when the script runs',
    edits: [
      {
        file: PRIMARY,
        find: 'value: ownCopy(value), expiresAt: this.#now() + ttlMs',
        replace:
          'value: ownCopy({ ...value, stamp: { ...value.stamp, at: this.#now() } }), expiresAt: this.#now() + ttlMs',
      },
    ],
    faults: ['redis-cut'],
    whyNot:
      'Needs a fill to overlap both a write by a node that is cut off and the end of the cut: not met in 4 000 seeds.',
  },
  {
    name: 'scripts have no deadline',
    edits: [{ file: 'test/simulation/simulated-redis.ts', find: 'clock.now() > deadline', replace: 'false' }],
    faults: ['redis-freeze'],
    whyNot:
      'A second line of defence: each late script still meets a lease, a revision or a hold that forbids it, and its sender was told nothing.',
  },
  {
    name: 'statements have no deadline',
    edits: [
      {
        file: DURABLE,
        find: 'validUntil !== null && this.#now() > validUntil',
        replace: 'validUntil === this.#now() - 1e15',
      },
    ],
    faults: ['database-late'],
    whyNot:
      'What it guards is rare: a statement late enough to meet a row that has come back to its revision. 2 500 seeds did not.',
  },
  {
    name: 'a write does not compare before it swaps',
    edits: [{ file: DURABLE, find: 'row.revision === command.record.revision - 1', replace: 'row.revision > 0' }],
    faults: [],
    seed: 1,
  },
  {
    name: 'a touch does not ask whether the session is alive',
    edits: [
      {
        file: DURABLE,
        find: '!isAlive(row, aliveAt)) return null',
        replace: 'row.revokedAt !== null || aliveAt < 0) return null',
      },
    ],
    faults: ['database-down', 'database-late'],
    whyNot:
      'Needs an idle deadline to pass between the sending and the execution of a touch; lifetimes here are longer than statements.',
  },
  {
    name: 'a destroy holds nothing before it',
    edits: [{ file: DESTROY, find: '(await context.primary.hold(storageKey)) !== UNREACHED', replace: 'true' }],
    faults: ['node-crash'],
    seed: 27,
  },
  {
    name: 'a destroy entombs nothing after it',
    edits: [
      {
        file: DESTROY,
        find: 'return (await primary.tombstone(revoked.storageKey, ttlMs)) !== UNREACHED;',
        replace: 'return primary !== undefined && ttlMs > 0;',
      },
    ],
    faults: [],
    whyNot:
      'The hold keeps copies away for longer than an operation lasts, a fill needs its lease, and the feed entombs what many were revoked at once.',
  },
  {
    name: 'a destroy does not follow a regenerate',
    edits: [
      {
        file: DESTROY,
        find: 'return movedTo === null ? false : destroy(context, pending, movedTo);',
        replace: 'return movedTo === storageKey;',
      },
    ],
    faults: [],
    seed: 4,
  },
  {
    name: 'a regenerate entombs nothing',
    edits: [
      {
        file: 'src/tiering/regenerate-path.ts',
        find: '(await primary.tombstone(previousStorageKey, ttlMs)) !== UNREACHED',
        replace: 'ttlMs > 0',
      },
      {
        file: 'src/tiering/regenerate-path.ts',
        find: '(await primary.hold(previousStorageKey)) !== UNREACHED',
        replace: 'true',
      },
    ],
    faults: [],
    seed: 1,
  },
  {
    name: 'there is no trust floor',
    edits: [{ file: GUARD, find: 'at < this.#trustFloor || ', replace: '' }],
    faults: LOSSY,
    seed: 66,
  },
  {
    name: 'the incarnation is ignored',
    edits: [{ file: GUARD, find: 'value.stamp.incarnation !== vantage.incarnation', replace: 'value.revision < 0' }],
    faults: ['redis-restart-earlier', 'node-crash'],
    seed: 35,
  },
  {
    name: 'the validation lease is ignored',
    edits: [{ file: GUARD, find: 'vantage.latest - at <= this.#validationLeaseMs', replace: 'at > 0' }],
    faults: ['redis-rollback'],
    seed: 2,
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
    faults: ['redis-lost-request', 'redis-refuse'],
    seed: 95,
  },
  {
    name: 'nothing is ever marked dirty',
    edits: [
      {
        file: DURABLE,
        find: 'return dirty ? Math.max(row.dirtyAt ?? 0, this.#now()) : row.dirtyAt;',
        replace: 'return dirty ? row.dirtyAt : row.dirtyAt;',
      },
    ],
    faults: LOSSY,
    seed: 1,
  },
  {
    name: 'the feed may be late',
    edits: [{ file: FEED, find: 'return this.lateMs <= FEED_LEASE_MS;', replace: 'return this.lateMs < Infinity;' }],
    faults: ['redis-cut', 'node-pause'],
    seed: 545,
  },
  {
    name: 'the feed does not overlap',
    edits: [{ file: FEED, find: 'firstNow - FEED_OVERLAP_MS', replace: 'firstNow' }],
    faults: ['redis-cut', 'database-slow'],
    seed: 305,
  },
  {
    name: 'the feed moves on although a row could not be applied',
    edits: [
      { file: FEED, find: 'if (!(await this.#applyAll(rows))) return false;', replace: 'await this.#applyAll(rows);' },
    ],
    faults: ['redis-cut', 'redis-lost-request'],
    whyNot: 'What could not be applied opened the breaker, and closing it raises the trust floor above every copy.',
  },
  {
    name: 'the feed keeps leases',
    edits: [{ file: PRIMARY, find: "if (isOlder || stored?.kind === 'lease') this", replace: 'if (isOlder) this' }],
    faults: ['redis-cut', 'database-slow'],
    whyNot:
      'Needs a fill to be longer under way than the feed takes to apply the write of a node that is cut off: not met in 1 500 seeds.',
  },
  {
    name: 'marks are cleared at once',
    edits: [
      {
        file: FEED,
        find: 'this.#since - validationLeaseMs - DIRTY_WINDOW_MARGIN_MS',
        replace: 'this.#since + FEED_OVERLAP_MS',
      },
    ],
    faults: LOSSY,
    seed: 162,
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
        find: 'settle(() => durable.update(command))',
        replace: 'settle(() => durable.update({ ...command, writeId: newWriteId(platform) }))',
      },
    ],
    faults: ['database-lost-reply'],
    seed: 1,
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
    seed: 1,
  },
  {
    name: 'a reader joins a read that is under way',
    edits: [
      {
        file: 'src/tiering/single-flight.ts',
        find: 'if (flight === undefined) return',
        replace: 'if (flight !== undefined) return flight.running; return',
      },
    ],
    faults: ['redis-cut', 'database-slow'],
    seed: 515,
  },
];
