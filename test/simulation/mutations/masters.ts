import type { Mutation } from './mutation.ts';

const KEEPER = 'src/tiering/masters/master-keeper.ts';
const NEXT = 'src/tiering/masters/next-names.ts';
const PRIMARY = 'src/tiering/guard/primary-guard.ts';
const REPORT = 'src/tiering/masters/own-report.ts';
const SHARD = 'src/tiering/guard/shard-guard.ts';
const STANDING = 'src/tiering/masters/standing.ts';

/** Mistakes about the servers that count: which they are, who may name them, and which writes reached them. */
export const mastersMutations: readonly Mutation[] = [
  {
    name: 'a server counts that is not named',
    edits: [
      {
        file: STANDING,
        find: 'seen?.incarnation === reported && seen.isClear',
        replace: 'seen !== null',
      },
    ],
    faults: ['redis-two-masters'],
    scenario: 'a reader at a deposed server',
  },
  {
    name: 'a server counts as soon as it is named',
    edits: [
      {
        file: STANDING,
        find: 'begunAt.monotonic - since >= MASTERS_GRACE_MS;',
        replace: 'begunAt.monotonic - since < Infinity;',
      },
    ],
    faults: ['redis-two-masters'],
    scenario: 'a server that is named, and a writer that does not know yet',
  },
  {
    name: 'a server counts a second after it is named',
    edits: [
      {
        file: STANDING,
        find: 'begunAt.monotonic - since >= MASTERS_GRACE_MS;',
        replace: 'begunAt.monotonic - since >= 100;',
      },
    ],
    faults: ['redis-two-masters'],
    scenario: 'a server that is named, and a writer that does not know yet',
  },
  {
    name: 'a server that is named again is another one only by its incarnation',
    edits: [{ file: STANDING, find: 'seen.nonce === name.nonce &&', replace: '' }],
    faults: [],
    whyNot:
      'Between two polls that are 1.5 s apart at most no other server can begin to count, and a name that was not looked at for longer is another one.',
  },
  {
    name: 'a name is the same although nobody looked',
    edits: [
      {
        file: STANDING,
        find: 'timeBetween(seen.begunAt, begunAt) <= FEED_FRESH_MS',
        replace: 'timeBetween(seen.begunAt, begunAt) < Infinity',
      },
    ],
    faults: [],
    scenario: 'a name that is taken back',
  },
  {
    name: 'all nodes are waited for although they agree',
    edits: [{ file: STANDING, find: 'agreed === name.incarnation ||', replace: '' }],
    faults: [],
    scenario: 'a server that is started again',
  },
  {
    name: 'a server counts before it is reported',
    edits: [{ file: KEEPER, find: 'isReported ? incarnation : null', replace: 'incarnation ?? null' }],
    faults: [],
    scenario: 'a report that does not arrive',
  },
  {
    name: 'a report is of use for ever',
    edits: [{ file: REPORT, find: 'elapsedSince(this.#platform, this.#sentAt) <= NODE_FENCE_MS &&', replace: '' }],
    faults: [],
    scenario: 'a node that the others take for dead',
  },
  {
    name: 'a server counts over any connection',
    edits: [{ file: STANDING, find: 'this.#connection += 1;\n    this.#counted = null;', replace: '' }],
    faults: [],
    scenario: 'a connection that comes back before the next poll',
  },
  {
    name: 'a poll is about the connection of its answer',
    edits: [{ file: STANDING, find: 'if (connection !== this.#connection) return;', replace: '' }],
    faults: [],
    scenario: 'a connection that comes back before the answer to a poll',
  },
  {
    name: 'a server that does not count is used',
    edits: [
      {
        file: SHARD,
        find: '!this.#isStopped ? this.standing.reign : null',
        replace: "!this.#isStopped ? 'any' : null",
      },
      {
        file: SHARD,
        find: 'vantage === null || vantage.incarnation !== this.standing.incarnation',
        replace: 'vantage === null',
      },
    ],
    faults: [],
    scenario: 'a server that is named again',
  },
  {
    name: 'a server that begins to count is believed as before',
    edits: [
      {
        file: SHARD,
        find: 'this.trustFloor.raise();\n    this.#options.onReturn();',
        replace: 'this.#options.onReturn();',
      },
    ],
    faults: [],
    scenario: 'a server that is named again, and a mark on its way',
  },
  {
    name: 'a write has reached any server that answers',
    edits: [
      {
        file: SHARD,
        find: '&& term === this.#terms && this.#isReachable(storageKey)) return answer;',
        replace: '&& term >= 0) return answer;',
      },
    ],
    faults: ['redis-two-masters'],
    scenario: 'a writer whose polls are late',
  },
  {
    name: 'a write has reached a server, however old the last poll is',
    edits: [
      {
        file: STANDING,
        find: 'elapsedSince(this.#platform, this.#counted.begunAt) <= FEED_FRESH_MS',
        replace: 'elapsedSince(this.#platform, this.#counted.begunAt) < Infinity',
      },
    ],
    faults: [],
    scenario: 'a writer whose polls are late',
  },
  {
    name: 'a write has reached a server that counted as it was sent',
    edits: [
      {
        file: SHARD,
        find: 'const term = this.#terms;',
        replace: 'const wasReachable = this.#isReachable(storageKey);',
      },
      {
        file: SHARD,
        find: 'term === this.#terms && this.#isReachable(storageKey)',
        replace: 'wasReachable',
      },
    ],
    faults: [],
    whyNot:
      'It is sent after its statement, and until 1.5 s after the poll that says so no other server counts: a node that reads there later reads what the statement wrote.',
  },
  {
    name: 'a server that is met while the database is away is believed',
    edits: [
      {
        file: SHARD,
        find: '!this.#isStopped ? this.standing.reign : null',
        replace: "!this.#isStopped ? 'any' : null",
      },
      {
        file: SHARD,
        find: 'vantage === null || vantage.incarnation !== this.standing.incarnation',
        replace: 'vantage === null',
      },
      {
        file: SHARD,
        find: 'return this.standing.incarnation === stamp.incarnation ? ',
        replace: 'return this.standing.incarnation !== stamp.at.toString() ? ',
      },
      {
        file: SHARD,
        find: 'this.trustFloor.raise();\n    this.#options.onReturn();',
        replace: 'this.#options.onReturn();',
      },
    ],
    faults: [],
    scenario: 'a server that is met while the database is away',
  },
  {
    name: 'any node may name its server',
    edits: [{ file: NEXT, find: '2 * votes > live.length', replace: '2 * votes >= live.length' }],
    faults: [],
    scenario: 'two nodes at two servers',
  },
  {
    name: 'one stray may name its server',
    edits: [
      {
        file: NEXT,
        find: 'return 2 * votes > live.length ||',
        replace: 'return live.some(isFor) ||',
      },
    ],
    faults: ['redis-stray'],
    scenario: 'a stray',
  },
  {
    name: 'nodes that died are waited for in a dispute',
    edits: [
      { file: NEXT, find: ' || (isLongDisputed && votes', replace: ' || (isLongDisputed && votes - live.length' },
    ],
    faults: [],
    scenario: 'half of a fleet that dies with its server',
  },
  {
    name: 'nobody reports anew in a dispute',
    edits: [
      {
        file: KEEPER,
        find: 'if (isDisputed && report.isOld) await',
        replace: 'if (isDisputed && report.text.length < 0) await',
      },
    ],
    faults: [],
    scenario: 'half of a fleet that dies with its server',
  },
  {
    name: 'nodes that died outvote those that run',
    edits: [{ file: NEXT, find: '2 * votes > live.length', replace: '2 * live.filter(isFor).length > live.length' }],
    faults: [],
    scenario: 'a stray, and nodes that died',
  },
  {
    name: 'a shard is named beside the one that it took over from',
    edits: [
      {
        file: NEXT,
        find: 'if (!own.has(shard) && mayGo(shard, reports)) next.delete(shard);',
        replace: 'mayGo(shard, reports);',
      },
      {
        file: NEXT,
        find: 'const isAdding = [...next.keys()].every((shard) => own.has(shard));',
        replace: 'const isAdding = true;',
      },
    ],
    faults: ['redis-two-masters', 'cluster-migrate'],
    scenario: 'a replica that took over, and a node that sees its master',
  },
  {
    name: 'a shard may be named although another is unknown here',
    edits: [
      {
        file: NEXT,
        find: 'const isAdding = [...next.keys()].every((shard) => own.has(shard));',
        replace: 'const isAdding = true;',
      },
    ],
    faults: [],
    whyNot:
      'The nodes that are more than half and have the new shard lack the old one, so its name goes in the same change.',
  },
  {
    name: 'the names are changed whatever they were',
    edits: [{ file: 'src/tiers/memory/durable/fleet.ts', find: ' || fleet.masters !== seen', replace: '' }],
    faults: ['redis-two-masters', 'cluster-migrate'],
    whyNot: 'Who changes the names is no question of safety, and the next poll shows a node what became of its change.',
  },
  {
    name: 'a copy is believed whose slot has moved and come back',
    edits: [
      {
        file: 'test/simulation/servers/simulated-cluster-tier.ts',
        find: "if (entry.kind !== 'value' || this.#cameAt.size === 0) return false;",
        replace: "if (entry.kind !== 'value' || this.#cameAt.size >= 0) return false;",
      },
    ],
    faults: [],
    scenario: 'a slot that comes back from a shard that lost a write',
  },
  {
    name: 'a write that did not reach a shard is forgotten when its slot moves',
    edits: [{ file: PRIMARY, find: 'this.#hasMissedWrite = true;\n    if (isLost', replace: 'if (isLost' }],
    faults: [],
    whyNot:
      'The tier of a cluster doubts the copies of a slot that has moved and come back; other tiers may not, so a test of the guard finds it.',
  },
  {
    name: 'nothing is remembered of a slot that moved',
    edits: [
      { file: PRIMARY, find: 'this.#hasMissedWrite = true;\n    if (isLost', replace: 'if (isLost' },
      {
        file: 'test/simulation/servers/simulated-cluster-tier.ts',
        find: "if (entry.kind !== 'value' || this.#cameAt.size === 0) return false;",
        replace: "if (entry.kind !== 'value' || this.#cameAt.size >= 0) return false;",
      },
    ],
    faults: [],
    scenario: 'a slot that goes and comes back',
  },
  {
    name: 'a write that was sent on and lost is forgotten',
    edits: [
      {
        file: PRIMARY,
        find: 'if (isLost && this.#tier.shardOf(storageKey) !== shard) this.raiseFloors();',
        replace: '',
      },
    ],
    faults: [],
    whyNot:
      'The tier of a cluster doubts what was in a slot before it moved; other tiers may not, so a test of the guard finds it.',
  },
  {
    name: 'nothing is remembered of a write that was sent on and lost',
    edits: [
      {
        file: PRIMARY,
        find: 'if (isLost && this.#tier.shardOf(storageKey) !== shard) this.raiseFloors();',
        replace: '',
      },
      {
        file: 'test/simulation/servers/simulated-cluster-tier.ts',
        find: "if (entry.kind !== 'value' || this.#cameAt.size === 0) return false;",
        replace: "if (entry.kind !== 'value' || this.#cameAt.size >= 0) return false;",
      },
    ],
    faults: [],
    scenario: 'a write that is sent on and lost',
  },
];
