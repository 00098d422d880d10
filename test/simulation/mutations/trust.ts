import { LOSSY, type Mutation } from './mutation.ts';

const FLOOR = 'src/tiering/trust/trust-floor.ts';
const GUARD = 'src/tiering/guard/shard-guard.ts';
const CONFIRM = 'src/tiering/read/confirm.ts';
const COPY = 'src/tiering/read/copy.ts';
const FILL = 'src/tiering/read/fill.ts';
const OPENING = 'src/tiering/read/open-envelope.ts';
const READ = 'src/tiering/read/read-path.ts';

/** The mutations of trust in copies, and of the tier that answers. */
export const trustMutations: readonly Mutation[] = [
  {
    name: 'there is no trust floor',
    edits: [{ file: FLOOR, find: 'at < this.#floor || ', replace: '' }],
    faults: LOSSY,
    seed: 194,
  },
  {
    name: 'the incarnation is ignored',
    edits: [
      { file: FLOOR, find: 'incarnation !== vantage.incarnation) return', replace: 'at < 0) return' },
      {
        file: GUARD,
        find: 'this.standing.incarnation === stamp.incarnation ?',
        replace: 'this.standing.incarnation ?',
      },
    ],
    faults: [],
    scenario: 'a fill that comes in the next incarnation',
  },
  {
    name: 'the option revalidateAfter is ignored',
    edits: [{ file: FLOOR, find: 'vantage.latest - at <= this.#options.revalidateAfterMs', replace: 'at > 0' }],
    faults: ['redis-rollback'],
    seed: 4,
  },
  {
    name: 'a reader joins a read that is under way',
    edits: [
      {
        file: 'src/platform/single-flight.ts',
        find: 'if (flight === undefined) return',
        replace: 'if (flight !== undefined) return flight.running; return',
      },
    ],
    faults: [],
    scenario: 'a read that is under way',
  },
  {
    name: 'a fill is stamped after its read',
    edits: [
      {
        file: FILL,
        find: 'const stamp = isLeased ? primary.stamp(storageKey) : null;\n  const row = await readRow(context, storageKey);',
        replace:
          'const row = await readRow(context, storageKey);\n  const stamp = isLeased ? primary.stamp(storageKey) : null;',
      },
    ],
    faults: [],
    scenario: 'a fill that comes late, and its date',
  },
  {
    name: 'a validation is stamped after its question',
    edits: [
      {
        file: CONFIRM,
        find: 'const stamp = primary.stamp(storageKey);\n  const state = await durable.sessions.readState(storageKey);',
        replace:
          'const state = await durable.sessions.readState(storageKey);\n  const stamp = primary.stamp(storageKey);',
      },
    ],
    faults: [],
    scenario: 'a restamp that comes late, and its date',
  },
  {
    name: 'a stamp names the incarnation that it meets',
    edits: [
      {
        file: GUARD,
        find: 'this.shard.fill(storageKey, token, value)',
        replace:
          "this.shard.fill(storageKey, token, { ...value, stamp: { ...value.stamp, incarnation: this.shard.vantage()?.incarnation ?? '' } })",
      },
    ],
    faults: [],
    scenario: 'a fill that comes in the next incarnation',
  },
  {
    name: 'a stamp in the future is believed',
    edits: [{ file: FLOOR, find: ' || at > vantage.latest', replace: '' }],
    faults: [],
    scenario: 'a date that lies in the future',
  },
  {
    name: 'the furthest time of a server is forgotten',
    edits: [{ file: FLOOR, find: 'Math.max(vantage.latest, this.#furthest.at)', replace: 'vantage.latest' }],
    faults: [],
    scenario: 'a clock of Redis that is set back',
  },
  {
    name: 'a failed command does not open the breaker',
    edits: [
      {
        file: GUARD,
        find: 'this.#breaker.trip(reasonOf(error));\n    return UNREACHED;',
        replace: 'return error === null ? UNREACHED : UNREACHED;',
      },
    ],
    faults: LOSSY,
    seed: 519,
  },
  {
    name: 'an outage is a logout',
    edits: [
      {
        file: FILL,
        find: 'const row = await readRow(context, storageKey);',
        replace: 'const row = await readRow(context, storageKey).catch(() => null);',
      },
    ],
    faults: ['database-down', 'database-cut'],
    seed: 6,
  },
  {
    name: 'a copy past its idle deadline is gone',
    edits: [
      {
        file: COPY,
        find: 'if (now >= record.absoluteExpiresAt) return',
        replace: 'if (now >= record.absoluteExpiresAt || now > value.idleExpiresAt) return',
      },
    ],
    faults: [],
    scenario: 'a deadline that has moved',
  },
  {
    name: 'a read revives what has idled away',
    edits: [{ file: CONFIRM, find: 'options.touch && !hasIdled &&', replace: 'options.touch && hasIdled !== null &&' }],
    faults: [],
    scenario: 'a read of what has idled away',
  },
  {
    name: 'an outage of the database suspends the trust floor',
    edits: [
      { file: COPY, find: " || trust === 'foreign'", replace: '' },
      { file: COPY, find: 'return trust;', replace: "return trust === 'foreign' ? 'due' : trust;" },
    ],
    faults: [],
    scenario: 'a floor, and a database that is away',
  },
  {
    name: 'the revision of a header is believed',
    edits: [
      { file: OPENING, find: "if (record.revision !== revision) throw new EnvelopeError('rolled-back');", replace: '' },
    ],
    faults: ['redis-corrupt'],
    seed: 26,
  },
  {
    name: 'a copy that does not open is an error',
    edits: [{ file: OPENING, find: 'if (error instanceof EnvelopeError) return null;', replace: '' }],
    faults: ['redis-corrupt'],
    seed: 1,
  },
  {
    name: 'a strong read believes copies',
    edits: [{ file: COPY, find: "options.consistency === 'strong' || ", replace: '' }],
    faults: ['redis-rollback'],
    seed: 35,
  },
  {
    name: 'a validation does not compare revisions',
    edits: [
      {
        file: CONFIRM,
        find: 'if (!isCopyOf(state, value)) return fill(context, storageKey, value, options);',
        replace: '',
      },
    ],
    faults: ['redis-rollback'],
    seed: 45,
  },
  {
    name: 'a copy that is served alone is dated anew',
    edits: [
      {
        file: 'src/tiering/read/alone.ts',
        find: 'const { revision, stamp } = value;',
        replace: 'const { revision } = value;\n  const stamp = primary.stamp(storageKey) ?? value.stamp;',
      },
    ],
    faults: [],
    scenario: 'a copy that was served alone',
  },
  {
    name: 'one lost statement is an outage',
    edits: [
      {
        file: READ,
        find: "durable.state === 'down' ? 'failed-down' : 'failed'",
        replace: "durable.state !== 'up' ? 'failed-down' : 'failed'",
      },
    ],
    faults: [],
    scenario: 'one statement that is lost',
  },
  {
    name: 'a collected touch is stamped after its statement',
    edits: [
      {
        file: 'src/tiering/recovery/pending-touches.ts',
        find: 'refreshCopy(this.#context, storageKey, state, stamp)',
        replace: 'refreshCopy(this.#context, storageKey, state, stamp && primary.stamp(storageKey))',
      },
    ],
    faults: [],
    scenario: 'a collected touch that comes late, and its date',
  },
  {
    name: 'the trust floor is the earliest that it may be',
    edits: [
      {
        file: FLOOR,
        find: 'Math.max(vantage.latest, this.#furthest.at)',
        replace: 'Math.max(vantage.earliest, this.#furthest.at)',
      },
    ],
    faults: [],
    scenario: 'a floor, and a time that is not known well',
  },
  {
    name: 'a stamp from the future stays',
    edits: [
      {
        file: 'src/tiers/memory/memory-primary-tier.ts',
        find: 'if (stored.incarnation !== offered.incarnation || stored.at > now) return offered;',
        replace: 'if (stored.incarnation !== offered.incarnation || now < 0) return offered;',
      },
    ],
    faults: [],
    scenario: 'a clock of Redis that was ahead',
  },
  {
    name: 'the trust floor stays where a clock that was ahead has put it',
    edits: [{ file: FLOOR, find: 'else if (earliest < this.#furthest.at) this.#followBack(vantage);', replace: '' }],
    faults: [],
    scenario: 'a clock of Redis that was ahead',
  },
];
