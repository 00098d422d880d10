import { LOSSY, type Mutation } from './mutation.ts';

const GUARD = 'src/tiering/guard/shard-guard.ts';
const CURSOR = 'src/tiering/trust/feed-cursor.ts';
const FEED = 'src/tiering/trust/dirty-feed.ts';
const FRESHNESS = 'src/tiering/trust/freshness.ts';
const READ = 'src/tiering/read/read-path.ts';

/** Of the dirty feed. */
export const feedMutations: readonly Mutation[] = [
  {
    name: 'the feed may be late',
    edits: [{ file: FRESHNESS, find: 'earlierOf(this.#appliedAt, confirmedAt)', replace: 'confirmedAt' }],
    faults: [],
    scenario: 'a feed that is not read',
  },
  {
    name: 'a read that waited for the feed serves what it had read before',
    edits: [
      {
        file: READ,
        find: "return this.#follow(storageKey, await primary.read(storageKey), options, 'waited');",
        replace: 'return sessionOf(copy);',
      },
    ],
    faults: [],
    scenario: 'a read that waits for the feed',
  },
  {
    name: 'the feed does not overlap',
    edits: [{ file: CURSOR, find: 'return this.#clock.leastWithin(FEED_OVERLAP_MS, sentAt);', replace: 'return now;' }],
    faults: [],
    scenario: 'a mark that is older than its commit',
  },
  {
    name: 'marks are cleared at once',
    edits: [
      {
        file: CURSOR,
        find: 'if (!this.#clock.covers(this.#markLifeMs, monotonic)) return null;\n    return Math.min(this.#clock.leastWithin(this.#markLifeMs, monotonic), wall - this.#markLifeMs);',
        replace: 'return Math.min(this.#clock.leastWithin(1_000, monotonic), wall + monotonic);',
      },
    ],
    faults: LOSSY,
    seed: 263,
  },
  {
    name: 'the clock of the database alone says when earlier keys are forgotten',
    edits: [{ file: CURSOR, find: 'wall - this.#markLifeMs);', replace: 'wall + Infinity);' }],
    faults: [],
    scenario: 'a clock of the database that is ahead for good',
  },
  {
    name: 'the feed is fresh before it is applied',
    edits: [
      {
        file: FEED,
        find: 'if (await this.#readAll()) {\n        this.freshness.apply(begunAt);',
        replace: 'this.freshness.apply(begunAt);\n      if (await this.#readAll()) {',
      },
    ],
    faults: [],
    scenario: 'a poll that takes long',
  },
  {
    name: 'the feed is fresh as of the end of a poll',
    edits: [
      {
        file: FRESHNESS,
        find: 'this.#appliedAt = begunAt;',
        replace: 'this.#appliedAt = presentMoment(this.#platform);',
      },
    ],
    faults: [],
    scenario: 'a poll that is answered late',
  },
  {
    name: 'the feed forgets earlier keys',
    edits: [{ file: FEED, find: '...row.previousKeys.map((key) => primary.tombstone(key, ttlMs)),', replace: '' }],
    faults: ['redis-cut'],
    seed: 20,
  },
  {
    name: 'a new process begins the feed at the present',
    edits: [
      {
        file: FEED,
        find: 'let position: FeedPosition | number = this.#cursor.position;',
        replace:
          'let position: FeedPosition | number = this.#cursor.position || (await this.#options.durable.feed.read(Number.MAX_SAFE_INTEGER, 1)).now;',
      },
    ],
    faults: ['redis-cut', 'node-crash'],
    whyNot: 'a new process believes nothing from before it: its trust floor rises when its server begins to count',
  },
  {
    name: 'a backlog of marks is forgotten',
    edits: [{ file: FEED, find: 'primary.raiseFloors();\n        break;', replace: 'break;' }],
    faults: [],
    scenario: 'a floor, and a time that is not known well',
  },
  {
    name: 'a failed evict does not open the breaker',
    edits: [
      {
        file: GUARD,
        find: 'return this.#reach(storageKey, () => this.shard.evict(storageKey, belowRevision));',
        replace:
          'return this.isInUse ? this.shard.evict(storageKey, belowRevision).catch(() => UNREACHED) : Promise.resolve(UNREACHED);',
      },
    ],
    faults: [],
    scenario: 'an evict that fails',
  },
  {
    name: 'marks are known by their keys alone',
    edits: [
      {
        file: CURSOR,
        find: "return `${row.storageKey.toString('latin1')}${row.revision}`;",
        replace: "return row.storageKey.toString('latin1');",
      },
    ],
    faults: [],
    scenario: 'a mark that has the date of the one before',
  },
  {
    name: 'the position in the feed never goes back',
    edits: [{ file: FEED, find: 'if (this.#cursor.followBackTo(next)) return this.#readAgain();', replace: '' }],
    faults: [],
    scenario: 'a clock of the database that is set back',
  },
  {
    name: 'only the monotonic clock says how late the feed is',
    edits: [
      {
        file: 'src/platform/moment.ts',
        find: 'return Math.max(platform.monotonic() - monotonic, platform.now() - wall);',
        replace: 'return Math.max(platform.monotonic() - monotonic, wall - wall);',
      },
    ],
    faults: [],
    scenario: 'a machine that slept',
  },
  {
    name: 'a mark that could not be applied is tried for ever',
    edits: [
      {
        file: FEED,
        find: 'await Promise.all(steps);\n    this.#cursor.noteApplied(row);',
        replace:
          "for (const answer of await Promise.all(steps)) if (typeof answer === 'symbol') throw new TierUnavailableError('primary', 'test');\n    this.#cursor.noteApplied(row);",
      },
    ],
    faults: [],
    scenario: 'a mark that cannot be applied',
  },
];
