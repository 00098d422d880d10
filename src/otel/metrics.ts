/** A metric that `observeSessions` keeps. */
export interface Metric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** The unit in UCUM, as OpenTelemetry has it: `s`, or what is counted in braces. */
  readonly unit: string;
  readonly description: string;
  readonly attributes: readonly Attribute[];
  /** The bounds of a histogram's buckets, in its unit. */
  readonly boundaries?: readonly number[];
}

/** The attributes of metrics and spans. Each has a few values only, and none names a session or a user. */
export type Attribute = keyof typeof ATTRIBUTES;

/** The names of the attributes, by the words of the events. */
export const ATTRIBUTES = {
  namespace: 'holdfast.namespace',
  operation: 'holdfast.operation',
  outcome: 'holdfast.outcome',
  servedBy: 'holdfast.served_by',
  part: 'holdfast.part',
  state: 'holdfast.state',
  tier: 'holdfast.tier',
  reason: 'holdfast.reason',
  event: 'holdfast.event',
  by: 'holdfast.by',
  work: 'holdfast.work',
  call: 'holdfast.call',
  code: 'holdfast.code',
} as const;

/** A call takes less than a millisecond from Redis, some from the database, and seconds where a tier does not answer. */
const CALL_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SWEEP_SECONDS = [1, 5, 15, 60, 300, 900, 3_600, 14_400];

type MetricKey =
  | 'begun'
  | 'calls'
  | 'dropped'
  | 'ended'
  | 'failures'
  | 'lost'
  | 'madeUp'
  | 'rejected'
  | 'ringChanges'
  | 'ringVersion'
  | 'sealingSince'
  | 'state'
  | 'sweeps'
  | 'swept'
  | 'tierChanges'
  | 'trouble';

/** The metrics, by the names that this module uses. */
export const METRICS: Readonly<Record<MetricKey, Metric>> = {
  calls: {
    name: 'holdfast.call.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of the calls of a client',
    attributes: ['namespace', 'operation', 'outcome', 'servedBy'],
    boundaries: CALL_SECONDS,
  },
  state: {
    name: 'holdfast.health.state',
    kind: 'gauge',
    unit: '1',
    description: '1 for the present state of a tier or the keys, 0 for the others',
    attributes: ['namespace', 'part', 'state'],
  },
  trouble: {
    name: 'holdfast.health.trouble',
    kind: 'gauge',
    unit: '1',
    description: '1 for the reason why a tier or the keys are not up',
    attributes: ['namespace', 'part', 'reason'],
  },
  ringVersion: {
    name: 'holdfast.keys.version',
    kind: 'gauge',
    unit: '{version}',
    description: 'Version of the key ring in use',
    attributes: ['namespace'],
  },
  sealingSince: {
    name: 'holdfast.keys.sealing_since',
    kind: 'gauge',
    unit: 's',
    description: 'Time at which the key that seals became active, in seconds since 1970',
    attributes: ['namespace'],
  },
  tierChanges: {
    name: 'holdfast.tier.changes',
    kind: 'counter',
    unit: '{change}',
    description: 'Changes of the state of a tier',
    attributes: ['tier', 'state', 'reason'],
  },
  rejected: {
    name: 'holdfast.envelopes.rejected',
    kind: 'counter',
    unit: '{envelope}',
    description: 'Stored envelopes that did not open',
    attributes: ['tier', 'reason'],
  },
  madeUp: {
    name: 'holdfast.cookies.made_up',
    kind: 'counter',
    unit: '{cookie}',
    description: 'Requests whose session cookie no key has signed',
    attributes: ['namespace'],
  },
  begun: {
    name: 'holdfast.sessions.changed',
    kind: 'counter',
    unit: '{event}',
    description: 'Sessions that were created, logged in, stepped up, given a new id or another user',
    attributes: ['namespace', 'event'],
  },
  ended: {
    name: 'holdfast.sessions.ended',
    kind: 'counter',
    unit: '{session}',
    description: 'Sessions that were ended, by whom',
    attributes: ['namespace', 'by'],
  },
  ringChanges: {
    name: 'holdfast.keys.changes',
    kind: 'counter',
    unit: '{ring}',
    description: 'Key rings that were loaded, refused or could not be loaded',
    attributes: ['state', 'reason'],
  },
  failures: {
    name: 'holdfast.background.failures',
    kind: 'counter',
    unit: '{failure}',
    description: 'Failures of work that no caller waits for',
    attributes: ['work', 'code'],
  },
  lost: {
    name: 'holdfast.revocations.lost',
    kind: 'counter',
    unit: '{revocation}',
    description: 'Revocations that were given up: a session that should have ended may be alive',
    attributes: [],
  },
  dropped: {
    name: 'holdfast.store.dropped',
    kind: 'counter',
    unit: '{call}',
    description: 'Calls of a HoldfastStore that changed nothing, which no response shows',
    attributes: ['call', 'code'],
  },
  sweeps: {
    name: 'holdfast.sweep.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of the passes that delete ended rows, pauses included',
    attributes: [],
    boundaries: SWEEP_SECONDS,
  },
  swept: {
    name: 'holdfast.sweep.removed',
    kind: 'counter',
    unit: '{row}',
    description: 'Rows of ended sessions that were deleted',
    attributes: [],
  },
};
