import type { Mutation } from './mutation.ts';

const DESTROY = 'src/tiering/write/destroy-path.ts';
const REVOCATION = 'src/tiering/write/revocation.ts';
const MANY = 'src/tiering/write/destroy-many-path.ts';
const PENDING = 'src/tiering/recovery/pending-revocations.ts';
const ROUNDS = 'src/tiering/recovery/rounds.ts';
const REGENERATE = 'src/tiering/write/regenerate-path.ts';

/** Of what ends sessions. */
export const endsMutations: readonly Mutation[] = [
  {
    name: 'a destroy holds nothing before it',
    edits: [{ file: DESTROY, find: '(await context.primary.hold(storageKey)) !== UNREACHED', replace: 'true' }],
    faults: [],
    scenario: 'a fill that comes late, and a hold',
  },
  {
    name: 'a destroy entombs nothing after it',
    edits: [
      {
        file: REVOCATION,
        find: 'return (await primary.tombstone(revoked.storageKey, ttlMs)) !== UNREACHED;',
        replace: 'return primary !== undefined && ttlMs > 0;',
      },
    ],
    faults: ['redis-evict', 'database-slow'],
    seed: 8,
  },
  {
    name: 'a destroy does not follow a regenerate',
    edits: [
      {
        file: DESTROY,
        find: 'if (moved !== null) return destroy(context, moved.storageKey);',
        replace: '',
      },
    ],
    faults: [],
    seed: 21,
  },
  {
    name: 'a regenerate entombs nothing',
    edits: [
      {
        file: 'src/tiering/write/regenerate-path.ts',
        find: '(await primary.tombstone(previousStorageKey, ttlMs)) !== UNREACHED',
        replace: 'ttlMs > 0',
      },
      {
        file: 'src/tiering/write/regenerate-path.ts',
        find: '(await primary.hold(previousStorageKey)) !== UNREACHED',
        replace: 'true',
      },
    ],
    faults: [],
    seed: 1,
  },
  {
    name: 'a regenerate holds nothing before it',
    edits: [{ file: REGENERATE, find: '(await primary.hold(previousStorageKey)) !== UNREACHED', replace: 'true' }],
    faults: [],
    scenario: 'a regenerate that dies',
  },
  {
    name: 'a regenerate entombs nothing after it',
    edits: [
      {
        file: REGENERATE,
        find: '(await primary.tombstone(previousStorageKey, ttlMs)) !== UNREACHED',
        replace: 'ttlMs > 0',
      },
    ],
    faults: [],
    scenario: 'a hold that is evicted',
  },
  {
    name: 'a destroy that is not durable entombs nothing',
    edits: [
      {
        file: DESTROY,
        find: '(await primary.tombstoneAlone(storageKey, ttlMs)) !== UNREACHED',
        replace: 'ttlMs > 0',
      },
    ],
    faults: [],
    scenario: 'a destroy that is not durable, and another node',
  },
  {
    name: 'a destroy that is not durable is not tried again',
    edits: [
      {
        file: 'src/tiering/recovery/pending-revocations.ts',
        find: '    this.#rounds.schedule();\n    return true;',
        replace: '    return true;',
      },
    ],
    faults: [],
    scenario: 'a destroy that is not durable',
  },
  {
    name: 'a node serves what it owes the revocation of',
    edits: [
      {
        file: 'src/tiering/recovery/pending-revocations.ts',
        find: 'if (this.#refused.size === 0) return false;',
        replace: 'if (this.#refused.size >= 0) return false;',
      },
    ],
    faults: [],
    scenario: 'a revocation that is owed',
  },
  {
    name: 'a revocation that came too late found nothing',
    edits: [
      {
        file: REVOCATION,
        find: 'if (answer !== null || (await durable.sessions.readState(command.storageKey)) === null) return answer;',
        replace: 'if (answer !== null || durable !== null) return answer;',
      },
    ],
    faults: [],
    scenario: 'a destroy that comes too late',
  },
  {
    name: 'a walk that came too late has nothing more to end',
    edits: [
      {
        file: MANY,
        find: 'if (!isOvertaken && !isLate) break;',
        replace: 'if (!isOvertaken && isLate !== null) break;',
      },
    ],
    faults: [],
    scenario: 'a walk that comes too late',
  },
  {
    name: 'latecomers include the kept session under a new id',
    edits: [
      {
        file: MANY,
        find: '(except && (await isSame(context, except, storageKey, calledAt)))',
        replace: '(except && storageKey.equals(except))',
      },
    ],
    faults: [],
    seed: 695,
  },
  {
    name: 'the end of many is acknowledged while its lost statement may still run',
    edits: [{ file: MANY, find: 'if (isRepeat) done.lostUntil = command.validUntil;', replace: '' }],
    faults: [],
    scenario: 'a walk that is lost, and runs later',
  },
  {
    name: 'a walk that failed half-way changed nothing',
    edits: [
      {
        file: MANY,
        find: 'throw done.revoked > 0 && error instanceof TierUnavailableError ? new OutcomeUnknownError() : error;',
        replace: 'throw error;',
      },
    ],
    faults: ['database-reject'],
    seed: 16,
  },
  {
    name: 'one walk ends all',
    edits: [{ file: MANY, find: 'isFirst ? found > 0 : moved > 0', replace: 'walk === 0' }],
    faults: [],
    scenario: 'a session that moves behind the walk',
  },
  {
    name: 'a walk is one batch',
    edits: [
      {
        file: MANY,
        find: 'if (last === undefined || rows.length < REVOKE_BATCH_ROWS)',
        replace: 'if (last === undefined || rows.length < Infinity)',
      },
    ],
    faults: [],
    scenario: 'more sessions than ten walks of one batch',
  },
  {
    name: 'who ends many does not wait for the tombstones of others',
    edits: [{ file: MANY, find: 'await context.feed.catchUp();', replace: '' }],
    faults: [],
    scenario: 'two calls that end the same sessions',
  },
  {
    name: 'a destroy that becomes durable later leaves no mark',
    edits: [
      {
        file: DESTROY,
        find: 'const revoked = await settleRevocation(context, newRevocation(context, storageKey, true));',
        replace: 'const revoked = await settleRevocation(context, newRevocation(context, storageKey, false));',
      },
    ],
    faults: [],
    scenario: 'a destroy that becomes durable without Redis',
  },
  {
    name: 'a destroy leaves the copy under an earlier id',
    edits: [
      {
        file: DESTROY,
        find: 'await dropCopy(context, storageKey);\n  const inDoubt',
        replace: 'if (moved === null) await dropCopy(context, storageKey);\n  const inDoubt',
      },
    ],
    faults: [],
    scenario: 'a destroy with an earlier id, and two masters',
  },
  {
    name: 'a destroy follows a regenerate only to a session that lives',
    edits: [
      {
        file: DESTROY,
        find: 'if (moved !== null) return destroy(context, moved.storageKey);',
        replace: 'if (moved?.isRevoked === false) return destroy(context, moved.storageKey);',
      },
    ],
    faults: [],
    scenario: 'a destroy with an earlier id, of a session that has just been revoked',
  },
  {
    name: 'a clock that was set back is waited for',
    edits: [
      { file: MANY, find: 'if (platform.monotonic() > givenUpAt) throw new OutcomeUnknownError();', replace: '' },
    ],
    faults: [],
    scenario: 'a walk that is lost, and a clock that is set back',
  },
  {
    name: 'rounds of pending revocations overlap',
    edits: [
      {
        file: ROUNDS,
        find: 'this.#running ??= this.#runWhileWanted()',
        replace: 'this.#running = this.#runWhileWanted()',
      },
      {
        file: ROUNDS,
        find: 'if (this.#running === undefined) background',
        replace: 'if (this.#running !== null) background',
      },
      {
        file: ROUNDS,
        find: 'if (this.#running === undefined) this.start();',
        replace: 'this.start();',
      },
    ],
    faults: [],
    scenario: 'revocations that hang',
  },
  {
    name: 'a process that ends does not wait for a lost INSERT',
    edits: [
      {
        file: ROUNDS,
        find: 'this.#until = this.#context.platform.monotonic() + forMs;',
        replace: 'this.#until = this.#context.platform.monotonic() + Math.min(forMs, 0);',
      },
    ],
    faults: [],
    scenario: 'a deploy after a lost INSERT',
  },
  {
    name: 'a process that ends looks for latecomers before their time',
    edits: [{ file: MANY, find: 'mayBeEarly: false', replace: 'mayBeEarly: true' }],
    faults: [],
    scenario: 'a deploy while a login is in flight that should end',
  },
  {
    name: 'a process ends just before the time to look for latecomers',
    edits: [{ file: PENDING, find: ' + PENDING_REVOCATION_CLOSE_GRACE_MS);', replace: ');' }],
    faults: [],
    scenario: 'a deploy while a login is in flight that should end',
  },
  {
    name: 'a node serves what it has still to revoke',
    edits: [
      {
        file: PENDING,
        find: 'if (this.#refused.size === 0) return false;',
        replace: 'if (this.#refused.size >= 0) return false;',
      },
    ],
    faults: [],
    scenario: 'a destroy that is not durable, and a Redis that lost it',
  },
];
