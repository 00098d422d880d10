import { describe, expect, it } from 'vitest';
import { findingsIn } from '../../../src/cli/doctor/check.ts';
import type { Facts } from '../../../src/cli/doctor/facts.ts';
import { TierFailure } from '../../../src/errors.ts';
import type { DurableFacts, PrimaryServerFacts } from '../../../src/tiers/diagnosis.ts';

const NOW = 1_800_000_000_000;
const DAY_MS = 86_400_000;

const SERVER: PrimaryServerFacts = {
  name: 'Redis',
  failure: null,
  isEncrypted: true,
  isLocal: false,
  certificateUntil: NOW + 60 * DAY_MS,
  isDefaultUser: false,
  isOpen: false,
  missing: [],
  lacksKeys: false,
  surplus: [],
  readsOtherKeys: false,
  info: new Map([
    ['maxmemory', '1000000'],
    ['maxmemory_policy', 'volatile-ttl'],
  ]),
  settings: new Map(),
  clockAheadMs: 3,
  roundTripMs: 1,
};

const index = (columns: string, table = 'holdfast_session') => ({
  table,
  name: `${table}_${columns}`,
  columns: columns.split(','),
  dependsOn: columns.split(','),
  isUsable: true,
});

const DURABLE: DurableFacts = {
  clockAheadMs: -4,
  untriedEngine: null,
  isEncrypted: true,
  isLocal: false,
  surplus: [],
  statementMs: 600,
  lockMs: 0,
  lossy: [],
  isolation: 'read committed',
  tables: ['holdfast_session', 'holdfast_session_ring', 'holdfast_session_node'].map((name) => ({
    name,
    isLossy: false,
    odd: [],
    hidesRows: false,
  })),
  indexes: [
    ...['storage_key', 'user_key', 'dirty_at,storage_key', 'rotated_at'].map((columns) => index(columns)),
    index('namespace', 'holdfast_session_ring'),
    index('namespace,node_id', 'holdfast_session_node'),
  ],
  oldestMarkAt: null,
  otherNamespaces: 0,
  hasNamespace: true,
};

interface Changes {
  readonly server?: Partial<PrimaryServerFacts>;
  readonly durable?: Partial<DurableFacts>;
  readonly facts?: Partial<Facts>;
}

function codesOf({ server = {}, durable = {}, facts = {} }: Changes): string[] {
  const healthy: Facts = {
    now: NOW,
    namespace: 'shop',
    primaryTimeoutMs: 250,
    durableTimeoutMs: 2_000,
    keyAgeMsMax: 90 * DAY_MS,
    files: [{ what: 'the key ring', mode: 0o640, isSealed: false }],
    primary: { failure: null, facts: { servers: [{ ...SERVER, ...server }] } },
    durable: { failure: null, facts: { ...DURABLE, ...durable } },
    databaseTls: { unverifiedBy: null, certificateUntil: NOW + 60 * DAY_MS, refusal: null },
    keys: {
      failure: null,
      isPlain: false,
      keys: [],
      standing: 'same',
      nodes: 3,
      nodesBehind: 0,
      sessions: 10,
      sealedByRevoked: 0,
      sealedByUnknown: 0,
      unread: null,
    },
    ...facts,
  };
  return findingsIn(healthy).map(({ code }) => code);
}

const info = (...fields: readonly [string, string][]): Pick<PrimaryServerFacts, 'info'> => ({
  info: new Map([...SERVER.info, ...fields]),
});
const ringOf = (mode: number, isSealed: boolean): Changes => ({
  facts: { files: [{ what: 'the key ring', mode, isSealed }] },
});
const refused = (reason: string, kind: 'misconfigured' | 'not-sent' | 'rejected' = 'misconfigured') => ({
  failure: new TierFailure(kind, reason),
  facts: null,
});

/** Facts that no server of the tests can be made to have, or that need several servers. */
const CASES: readonly (readonly [what: string, changes: Changes, codes: readonly string[]])[] = [
  ['nothing', {}, []],
  ['a database that is behind', { durable: { clockAheadMs: -60_000 } }, ['clock-database']],
  ['a Redis that is ahead', { server: { clockAheadMs: 60_000 } }, ['clock-redis']],
  [
    'two that agree against this machine',
    { server: { clockAheadMs: 60_000 }, durable: { clockAheadMs: 59_000 } },
    ['clock-own'],
  ],
  [
    'three clocks of which none agree',
    { server: { clockAheadMs: 60_000 }, durable: { clockAheadMs: -60_000 } },
    ['clock-database', 'clock-redis'],
  ],
  ['snapshots', { server: info(['rdb_saves', '3'], ['sync_full', '0']) }, ['redis-persistence']],
  ['snapshots for a replica', { server: info(['rdb_saves', '3'], ['sync_full', '1']) }, []],
  [
    'settings of a cluster',
    {
      server: {
        ...info(['cluster_enabled', '1']),
        settings: new Map([
          ['cluster-require-full-coverage', 'yes'],
          ['cluster-allow-reads-when-down', 'yes'],
        ]),
      },
    },
    ['redis-full-coverage', 'redis-reads-when-down'],
  ],
  [
    'a node that the tier does without',
    { server: { failure: new TierFailure('not-sent', 'ECONNREFUSED') } },
    ['redis-unreachable'],
  ],
  ['a handshake that fails', { facts: { primary: refused('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA') } }, ['redis-tls']],
  ['a cluster that is down', { facts: { primary: refused('CLUSTERDOWN', 'rejected') } }, ['redis-cluster-down']],
  ['a node of a cluster', { facts: { primary: refused('cluster-node') } }, ['redis-misconfigured']],
  ['a grant that no trial has found', { facts: { primary: refused('NOPERM') } }, ['redis-grant-missing']],
  ['a plain connection', { durable: { isEncrypted: false } }, ['database-plaintext']],
  [
    'a plain connection over loopback',
    { durable: { isEncrypted: false, isLocal: true } },
    ['database-plaintext-local'],
  ],
  ['a plain connection to Redis', { server: { isEncrypted: false } }, ['redis-plaintext']],
  [
    'a plain connection to Redis over loopback',
    { server: { isEncrypted: false, isLocal: true } },
    ['redis-plaintext-local'],
  ],
  ['a connection by a socket', { durable: { isEncrypted: null } }, []],
  [
    'a wait for locks that outlives the call',
    { durable: { statementMs: null, lockMs: 50_000 } },
    ['database-lock-timeout'],
  ],
  ['a statement that ends before a lock does', { durable: { statementMs: 600, lockMs: 50_000 } }, []],
  [
    'an index that was built in vain',
    { durable: { indexes: DURABLE.indexes.map((each) => ({ ...each, isUsable: each.columns[0] !== 'user_key' })) } },
    ['database-index-missing'],
  ],
  ['an index on what never changes', { durable: { indexes: [...DURABLE.indexes, index('created_at')] } }, []],
  ['an unknown database', { facts: { durable: refused('sql-refused') } }, ['database-misconfigured']],
  ['a standby', { facts: { durable: refused('standby', 'rejected') } }, ['database-standby']],
  ['a group that may write', ringOf(0o660, false), ['file-permissions']],
  ['a ring that everybody may read', ringOf(0o644, false), ['file-permissions']],
  ['a sealed ring that everybody may read', ringOf(0o644, true), ['ring-readable']],
  ['a sealed ring that its group may write', ringOf(0o660, true), ['file-permissions']],
  ['a sealed ring that everybody may write', ringOf(0o666, true), ['file-permissions']],
];

describe('the checks of the doctor', () => {
  it.each(CASES)('find what is wrong with %s', (_, changes, codes) => {
    expect(codesOf(changes)).toEqual(codes);
  });
});
