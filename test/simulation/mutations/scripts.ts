import type { Mutation } from './mutation.ts';

const PRIMARY = 'src/tiers/memory/memory-primary-tier.ts';

/** Of what a script does to what it meets. */
export const scriptsMutations: readonly Mutation[] = [
  {
    name: 'a publish may create',
    edits: [
      {
        file: PRIMARY,
        find: "const isOlder = stored?.kind === 'value' && isStale(stored.value, value.revision, envelopeTag(value.envelope));",
        replace:
          "const isOlder = stored === undefined || (stored.kind === 'value' && isStale(stored.value, value.revision, envelopeTag(value.envelope)));",
      },
    ],
    faults: [],
    scenario: 'a publish that meets nothing',
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
    seed: 30,
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
    seed: 129,
  },
  {
    name: 'a lease takes the place of any value',
    edits: [{ file: PRIMARY, find: '&& isSameHeader(stored.value, over)', replace: '' }],
    faults: [],
    scenario: 'a lease that comes late',
  },
  {
    name: 'a restamp does not look at the revision',
    edits: [
      {
        file: PRIMARY,
        find: 'if (isStale(stored.value, command.revision, command.tag)) {',
        replace: 'if (command.revision < 0) {',
      },
    ],
    faults: [],
    scenario: 'a restamp that meets an older copy',
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
    faults: [],
    scenario: 'a fill that comes late, and its date',
  },
  {
    name: 'scripts have no deadline',
    edits: [
      {
        file: 'test/simulation/servers/simulated-connection.ts',
        find: "name !== 'probe' && serverTime > deadline",
        replace: 'serverTime > Infinity',
      },
    ],
    faults: [],
    scenario: 'a hold that comes late',
  },
  {
    name: 'the feed keeps leases',
    edits: [{ file: PRIMARY, find: "if (isOlder || stored?.kind === 'lease') this", replace: 'if (isOlder) this' }],
    faults: [],
    scenario: 'a fill that comes late, and the feed',
  },
  {
    name: 'a fill is fenced by its revision alone',
    edits: [
      {
        file: PRIMARY,
        find: "const isOwn = stored?.kind === 'lease' && stored.token === token;",
        replace:
          "const isOwn = stored === undefined || stored.kind === 'lease' || (stored.kind === 'value' && stored.value.revision < value.revision);",
      },
    ],
    faults: ['redis-evict', 'database-late-reply'],
    seed: 33,
  },
  {
    name: 'a lease takes the place of a hold',
    edits: [
      {
        file: PRIMARY,
        find: 'stored === undefined || (over !== null',
        replace: "stored === undefined || stored.kind === 'hold' || (over !== null",
      },
    ],
    faults: [],
    scenario: 'a lease that comes late, and a hold',
  },
  {
    name: 'a publish ends a hold',
    edits: [
      {
        file: PRIMARY,
        find: "const isOlder = stored?.kind === 'value' && isStale(stored.value, value.revision, envelopeTag(value.envelope));",
        replace:
          "const isOlder = stored?.kind === 'hold' || (stored?.kind === 'value' && isStale(stored.value, value.revision, envelopeTag(value.envelope)));",
      },
    ],
    faults: [],
    scenario: 'a publish that comes late, and a hold',
  },
  {
    name: 'a hold leaves a lease',
    edits: [
      {
        file: PRIMARY,
        find: "if (this.#find(storageKey)?.kind === 'tombstone') return;",
        replace:
          "if (this.#find(storageKey)?.kind === 'tombstone' || this.#find(storageKey)?.kind === 'lease') return;",
      },
    ],
    faults: [],
    scenario: 'a fill that comes late, and a hold',
  },
  {
    name: 'a publish replaces any revision',
    edits: [
      {
        file: PRIMARY,
        find: "const isOlder = stored?.kind === 'value' && isStale(stored.value, value.revision, envelopeTag(value.envelope));",
        replace: "const isOlder = stored?.kind === 'value';",
      },
    ],
    faults: [],
    scenario: 'a publish that comes late, and a newer copy',
  },
];
