import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type GaleraCluster,
  type GaleraNode,
  hasFaketime,
  hasGalera,
  startGalera,
} from '../../support/servers/galera.ts';
import { asMariadbAdmin } from '../../support/servers/mariadb.ts';
import { until } from '../../support/servers/until.ts';

const MINUTE_MS = 60_000;
/** A busy machine may pause between two questions for as long. */
const SLACK_MS = 5_000;

/** What the tests of a cluster rest on: that its faults are what they are called. */
describe.skipIf(!hasGalera())('a cluster of the tests', () => {
  let cluster: GaleraCluster;
  let first: GaleraNode;
  let second: GaleraNode;
  let third: GaleraNode;

  beforeAll(async () => {
    cluster = await startGalera();
    [first, second, third] = [cluster.node(0), cluster.node(1), cluster.node(2)];
    await asMariadbAdmin(first, 'CREATE TABLE mysql.holdfast_rows (id INT AUTO_INCREMENT PRIMARY KEY)');
    await cluster.whenComplete();
  });
  afterAll(() => cluster?.stop());
  afterEach(() => cluster.whenComplete());

  const write = (node: GaleraNode) => asMariadbAdmin(node, 'INSERT INTO mysql.holdfast_rows VALUES ()');
  const rowsOf = async (node: GaleraNode): Promise<number> =>
    Number((await asMariadbAdmin(node, 'SELECT COUNT(*) AS n FROM mysql.holdfast_rows'))[0]?.['n']);
  const stateOf = async (node: GaleraNode) => (await node.status())['wsrep_local_state_comment'];

  it('has on every node what one of them has committed', async () => {
    await write(first);
    const rows = await rowsOf(first);
    for (const node of [second, third]) await until(async () => (await rowsOf(node)) === rows);
  });

  it('goes on while one node answers from the past, without flow control', async () => {
    await second.stallApply({ flowControl: false, by: first });
    const before = await rowsOf(second);
    for (let n = 0; n < 100; n += 1) await write(first);
    expect(await rowsOf(second)).toBe(before);
    expect(await stateOf(second)).toBe('Synced');
    expect(await rowsOf(third)).toBeGreaterThanOrEqual(before);
    await second.resumeApply();
    await until(async () => (await rowsOf(second)) === before + 100);
  });

  it('waits for the node that answers from the past, with flow control', async () => {
    await second.stallApply({ flowControl: true, by: first });
    let written = 0;
    const writes = Promise.all(Array.from({ length: 100 }, () => write(first).then(() => (written += 1))));
    await until(async () => Number((await second.status())['wsrep_flow_control_sent']) > 0);
    expect(written).toBeLessThan(100);
    await second.resumeApply();
    await writes;
  });

  it('refuses what is asked of a node that is cut off, and goes on without it', async () => {
    await third.isolate();
    await until(async () => (await third.status())['wsrep_cluster_status'] === 'non-Primary');
    await expect(rowsOf(third)).rejects.toThrow(/1047/);
    await write(first);
    const rows = await rowsOf(first);
    await third.rejoin();
    await cluster.whenComplete();
    expect(await rowsOf(third)).toBe(rows);
  });

  it('goes on without a node that is frozen, and without one that is killed', async () => {
    await third.freeze();
    await write(first);
    await third.thaw();
    await cluster.whenComplete();
    await third.kill();
    await write(first);
    await third.start();
    await cluster.whenComplete();
    expect(await rowsOf(third)).toBe(await rowsOf(first));
  });

  it('comes back when every node was killed', async () => {
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await Promise.all(cluster.nodes.map((node) => node.start()));
    await cluster.whenComplete();
    await write(third);
  });

  it.skipIf(!hasFaketime()).each([
    ['-40s', -40_000],
    ['+1h', 60 * MINUTE_MS],
    ['-1h', -60 * MINUTE_MS],
  ])('has a node whose clock is %s off', async (clock, shiftMs) => {
    third.clock = clock;
    await third.kill();
    await third.start();
    const [row] = await asMariadbAdmin(third, 'SELECT UNIX_TIMESTAMP(NOW(3)) * 1000 AS now');
    expect(Math.abs(Number(row?.['now']) - Date.now() - shiftMs)).toBeLessThan(SLACK_MS);
    third.clock = undefined;
  });
});
