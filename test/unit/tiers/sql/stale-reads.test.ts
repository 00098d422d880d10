import { expect, it } from 'vitest';
import { toMarks } from '../../../../src/tiers/sql/marks.ts';
import { staleReadsIn } from '../../../../src/tiers/sql/stale-reads.ts';

/** Returns the advice for what `SHOW VARIABLES` answers. */
const adviceFor = (variables: Readonly<Record<string, string>>): string | null =>
  staleReadsIn(toMarks(Object.entries(variables).map(([name, value]) => ({ Variable_name: name, Value: value }))));

const GROUP = { version: '9.7.4', group_replication_group_name: 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa' };

it.each(['EVENTUAL', 'BEFORE_ON_PRIMARY_FAILOVER', 'AFTER'])(
  'a member of a group is refused at the level %s',
  (level) => {
    const advice = adviceFor({ ...GROUP, group_replication_consistency: level });
    expect(advice).toContain("SET PERSIST group_replication_consistency = 'BEFORE'");
  },
);

it.each(['BEFORE', 'BEFORE_AND_AFTER'])('a member of a group is used at the level %s', (level) => {
  expect(adviceFor({ ...GROUP, group_replication_consistency: level })).toBeNull();
});

it('a server without a group is used, whatever the level', () => {
  const loaded = { group_replication_group_name: '', group_replication_consistency: 'BEFORE_ON_PRIMARY_FAILOVER' };
  for (const variables of [{ version: '9.7.4' }, loaded]) expect(adviceFor(variables)).toBeNull();
});

it.each([
  [{ tidb_read_staleness: '-5' }, true],
  [{ tidb_snapshot: '2026-01-01 00:00:00' }, true],
  [{ tidb_read_staleness: '0', tidb_snapshot: '' }, false],
])('a session of TiDB with %j reads the past: %s', (variables, isStale) => {
  expect(adviceFor(variables) !== null).toBe(isStale);
});

it.each([
  [{ version: '8.0.42-33.1', wsrep_on: 'ON' }, true],
  [{ version: '8.0.42-33', wsrep_on: 'OFF' }, false],
  [{ version: '11.8.9-MariaDB-deb13', wsrep_on: 'ON' }, false],
])('a node of Galera like %j is refused: %s', (variables, isStale) => {
  expect(adviceFor(variables) !== null).toBe(isStale);
});
