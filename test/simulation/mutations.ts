import type { FaultKind } from './faults.ts';

export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A mistake that somebody could make, and how soon the simulator finds it. */
export interface Mutation {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly faults: readonly FaultKind[];
  /** It is found within this many seeds from 1. Null: it is not found, for this reason. */
  readonly seeds: number | null;
  readonly whyNot?: string;
}

const PRIMARY = 'src/tiers/memory/memory-primary-tier.ts';
const DURABLE = 'src/tiers/memory/memory-durable-tier.ts';
const GUARD = 'src/tiering/primary-guard.ts';
const FEED = 'src/tiering/dirty-feed.ts';
const WRITE = 'src/tiering/write-path.ts';
const DESTROY = 'src/tiering/destroy-path.ts';

const LOSSY: readonly FaultKind[] = ['redis-lost-request', 'redis-lost-reply', 'redis-late', 'redis-cut', 'redis-freeze'];

export const mutations: readonly Mutation[] = [
  {
    name: 'a publish may create',
    edits: [
      {
        file: PRIMARY,
        find: "const isOlder = stored?.kind === 'value' && stored.value.revision < value.revision;",
        replace: "const isOlder = stored === undefined || (stored.kind === 'value' && stored.value.revision < value.revision);",
      },
    ],
    faults: ['node-pause', 'redis-evict'],
    seeds: 500,
  },
  {
    name: 'a publish keeps a lease',
    edits: [
      { file: PRIMARY, find: "if (stored?.kind === 'lease') this.#keyspace.delete(this.#name(storageKey));", replace: '' },
    ],
    faults: ['node-pause', 'redis-evict'],
    seeds: 500,
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
    faults: ['node-pause', 'redis-evict'],
    seeds: 500,
  },
  {
    name: 'a lease takes the place of any value',
    edits: [{ file: PRIMARY, find: '&& isSameHeader(stored.value, over)', replace: '' }],
    faults: ['node-pause', 'redis-rollback'],
    seeds: 500,
  },
  {
    name: 'a restamp does not look at the revision',
    edits: [{ file: PRIMARY, find: 'if (stored.value.revision < command.revision) {', replace: 'if (command.revision < 0) {' }],
    faults: LOSSY,
    seeds: 500,
  },
  {
    name: 'a copy is stamped when the script runs',
    edits: [
      {
        file: PRIMARY,
        find: 'value: ownCopy(value), expiresAt: this.#now() + ttlMs',
        replace: 'value: ownCopy({ ...value, stamp: { ...value.stamp, at: this.#now() } }), expiresAt: this.#now() + ttlMs',
      },
    ],
    faults: LOSSY,
    seeds: 500,
  },
  {
    name: 'scripts have no deadline',
    edits: [{ file: 'test/simulation/simulated-redis.ts', find: 'clock.now() > deadline', replace: 'false' }],
    faults: ['redis-late', 'redis-freeze'],
    seeds: 500,
  },
  {
    name: 'statements have no deadline',
    edits: [{ file: DURABLE, find: 'validUntil !== null && this.#now() > validUntil', replace: 'validUntil === this.#now() - 1e15' }],
    faults: ['database-late'],
    seeds: 500,
  },
  {
    name: 'a write does not compare before it swaps',
    edits: [{ file: DURABLE, find: 'row.revision === command.record.revision - 1', replace: 'row.revision < command.record.revision' }],
    faults: [],
    seeds: 20,
  },
  {
    name: 'a touch does not ask whether the session is alive',
    edits: [{ file: DURABLE, find: '!isAlive(row, aliveAt)) return null', replace: 'row.revokedAt !== null || aliveAt < 0) return null' }],
    faults: ['database-down', 'database-late'],
    seeds: 500,
  },
  {
    name: 'a destroy holds nothing before it',
    edits: [{ file: DESTROY, find: '(await context.primary.hold(storageKey)) !== UNREACHED', replace: 'true' }],
    faults: ['node-crash', 'node-pause'],
    seeds: 500,
  },
  {
    name: 'a destroy entombs nothing after it',
    edits: [
      { file: DESTROY, find: 'return (await primary.tombstone(revoked.storageKey, ttlMs)) !== UNREACHED;', replace: 'return primary !== undefined && ttlMs > 0;' },
    ],
    faults: ['node-pause'],
    seeds: 500,
  },
  {
    name: 'a destroy does not follow a regenerate',
    edits: [{ file: DESTROY, find: 'return movedTo === null ? false : destroy(context, pending, movedTo);', replace: 'return movedTo === storageKey;' }],
    faults: [],
    seeds: 200,
  },
  {
    name: 'a regenerate entombs nothing',
    edits: [
      { file: 'src/tiering/regenerate-path.ts', find: '(await primary.tombstone(previousStorageKey, ttlMs)) !== UNREACHED', replace: 'ttlMs > 0' },
      { file: 'src/tiering/regenerate-path.ts', find: '(await primary.hold(previousStorageKey)) !== UNREACHED', replace: 'true' },
    ],
    faults: [],
    seeds: 200,
  },
  {
    name: 'there is no trust floor',
    edits: [{ file: GUARD, find: 'at < this.#trustFloor || ', replace: '' }],
    faults: LOSSY,
    seeds: 500,
  },
  {
    name: 'the incarnation is ignored',
    edits: [{ file: GUARD, find: 'value.stamp.incarnation !== vantage.incarnation', replace: 'value.revision < 0' }],
    faults: ['redis-restart-earlier'],
    seeds: 500,
  },
  {
    name: 'the validation lease is ignored',
    edits: [{ file: GUARD, find: 'vantage.latest - at <= this.#validationLeaseMs', replace: 'at > 0' }],
    faults: ['redis-rollback'],
    seeds: 500,
  },
  {
    name: 'a failed publish is ignored',
    edits: [{ file: WRITE, find: '(await publish(context, record, stamp)) !== UNREACHED', replace: '(await publish(context, record, stamp)) !== null' }],
    faults: LOSSY,
    seeds: 500,
  },
  {
    name: 'nothing is ever marked dirty',
    edits: [{ file: DURABLE, find: 'return dirty ? Math.max(row.dirtyAt ?? 0, this.#now()) : row.dirtyAt;', replace: 'return dirty ? row.dirtyAt : row.dirtyAt;' }],
    faults: LOSSY,
    seeds: 500,
  },
  {
    name: 'the feed may be late',
    edits: [{ file: FEED, find: 'return this.lateMs <= FEED_LEASE_MS;', replace: 'return this.lateMs < Infinity;' }],
    faults: [...LOSSY, 'database-lost-reply', 'database-lost-request'],
    seeds: 500,
  },
  {
    name: 'the feed does not overlap',
    edits: [{ file: FEED, find: 'firstNow - FEED_OVERLAP_MS', replace: 'firstNow' }],
    faults: [...LOSSY, 'database-slow'],
    seeds: 1_000,
  },
  {
    name: 'the feed moves on although a row could not be applied',
    edits: [{ file: FEED, find: 'if (!(await this.#applyAll(rows))) return false;', replace: 'await this.#applyAll(rows);' }],
    faults: LOSSY,
    seeds: 1_000,
  },
  {
    name: 'the feed keeps leases',
    edits: [{ file: PRIMARY, find: "if (isOlder || stored?.kind === 'lease') this", replace: 'if (isOlder) this' }],
    faults: LOSSY,
    seeds: 1_000,
  },
  {
    name: 'marks are cleared at once',
    edits: [{ file: FEED, find: 'this.#since - validationLeaseMs - DIRTY_WINDOW_MARGIN_MS', replace: 'this.#since + FEED_OVERLAP_MS' }],
    faults: LOSSY,
    seeds: 1_000,
  },
  {
    name: 'a retry has a new write id',
    edits: [
      { file: WRITE, find: 'isApplied({ durable }: TieringContext, ', replace: 'isApplied({ durable, platform }: TieringContext, ' },
      {
        file: WRITE,
        find: 'settle(() => durable.update(command))',
        replace: 'settle(() => durable.update({ ...command, writeId: newWriteId(platform) }))',
      },
    ],
    faults: ['database-lost-reply'],
    seeds: 200,
  },
  {
    name: 'a repeat that finds nothing is a conflict',
    edits: [{ file: WRITE, find: 'if (answer || !isRepeat) return answer;', replace: 'if (answer || isRepeat !== null) return answer;' }],
    faults: ['database-lost-reply'],
    seeds: 500,
  },
  {
    name: 'a reader joins a read that is under way',
    edits: [{ file: 'src/tiering/single-flight.ts', find: 'return flight.waiting;', replace: 'return flight.running;' }],
    faults: [...LOSSY, 'database-slow'],
    seeds: 500,
  },
];
