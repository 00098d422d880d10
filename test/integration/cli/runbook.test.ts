import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyRing } from '../../../src/index.ts';
import { putRing } from '../../support/put-ring.ts';
import { openNode } from '../../support/rotation-client.ts';
import { furnish } from '../../support/rotation-desk.ts';
import { RotationFleet, type RotationProcess } from '../../support/rotation-fleet.ts';
import { readShellBlocks, RunbookShell } from '../../support/runbook.ts';
import { sharedRedis } from '../../support/shared.ts';

/** Each command is a process, and a retirement waits for 20 s: a busy machine takes its time. */
const TIMEOUT_MS = 240_000;
const SAFE = { passphrase: 'the passphrase in the safe' };
const NEW = { passphrase: 'the passphrase of tomorrow' };

const blocks = readShellBlocks(new URL('../../../docs/operating/key-rotation.md', import.meta.url));
const SET_UP = 'What the commands assume';
const PLANNED = 'Planned rotation of the data key';
const LEAKED = 'A key leaked';
const OLDER = 'An older key leaked';
const PASSPHRASE = 'The passphrase was lost';
const LOST = 'The ring was lost';

/** A fleet, the shell of a person who rotates its keys, and what each of some sessions is to all nodes. */
async function openDesk(nodeCount: number) {
  const fleet = await RotationFleet.start(sharedRedis());
  const cwd = await furnish(fleet);
  const kek = { kek: Buffer.from(fleet.orders.kek, 'base64') };
  await putRing(fleet.orders.ringPath, await KeyRing.open(fleet.orders.ringPath, kek), [kek, SAFE]);
  await writeFile(join(cwd, 'new-passphrase'), NEW.passphrase);
  const shell = new RunbookShell(cwd);
  const nodes = await Promise.all(Array.from({ length: nodeCount }, () => fleet.node()));
  const left = new Map([...blocks].map(([heading, all]) => [heading, [...all]]));
  return {
    fleet,
    nodes,
    first: nodes[0] as RotationProcess,
    /** Runs the next block under this heading. */
    next(heading: string): Promise<string> {
      const block = left.get(heading)?.shift();
      if (block === undefined) throw new Error(`no more blocks under "${heading}"`);
      return shell.run(block);
    },
    leftOf: (heading: string) => left.get(heading),
    async setUp(): Promise<void> {
      for (const block of blocks.get(SET_UP) ?? []) await shell.run(block);
    },
    openRing: (opener: Parameters<typeof KeyRing.open>[1] = kek) => KeyRing.open(fleet.orders.ringPath, opener),
    async read(ids: readonly string[]): Promise<unknown[]> {
      const answers = await Promise.all(nodes.map((node) => node.read(ids, 'bounded')));
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      return answers[0] ?? [];
    },
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
  };
}

const numbers = (ids: readonly string[], from = 0): number[] => ids.map((_, n) => from + n);
const each = (ids: readonly string[], answer: unknown): unknown[] => ids.map(() => answer);

it('every shell block of the runbook is run here', () => {
  expect([...blocks.keys()]).toEqual([SET_UP, PLANNED, LEAKED, OLDER, PASSPHRASE, LOST]);
});

describe.concurrent('the runbook', { timeout: TIMEOUT_MS }, () => {
  it('rotates a key, and nobody is signed out', async () => {
    await using desk = await openDesk(2);
    const { first, next, read } = desk;
    const ids = await first.populate(0, 20);
    await desk.setUp();
    const old = (await desk.openRing()).sealingKey.kid;

    await next(PLANNED);
    expect((await desk.openRing()).sealingKey.kid).toBe(old);
    expect(await next(PLANNED)).toContain('Promoted the data key');
    expect(await read(ids)).toEqual(numbers(ids));
    const walked = await next(PLANNED);
    expect(walked).toContain('20 sessions looked at');
    expect(walked).toMatch(new RegExp(`  0  decrypt-only  ${old}$`, 'm'));
    expect(await next(PLANNED)).toContain(`Retired the data key ${old}`);
    expect(await next(PLANNED)).toContain(`Removed the data key ${old}`);

    expect(desk.leftOf(PLANNED)).toEqual([]);
    expect((await desk.openRing()).keys().map(({ kid }) => kid)).not.toContain(old);
    expect(await read(ids)).toEqual(numbers(ids));
  });

  it('ends the sessions that a leaked key sealed, and no others; then all sessions', async () => {
    await using desk = await openDesk(2);
    const { first, next, read } = desk;
    const ids = await first.populate(0, 10);
    await desk.setUp();
    await next(PLANNED);
    await next(PLANNED);
    const later = await first.populate(10, 10);
    await using operator = await openNode(desk.fleet.orders);
    // Sealed by the new key now, as a forged session would be.
    await operator.sessions.update(ids[0] ?? '', (data) => void (data.writes += 1));
    expect(await read([...ids, ...later])).toEqual(numbers([...ids, ...later]));

    expect(await next(OLDER)).toContain('Every live node has it.');
    expect(await read(ids)).toEqual(each(ids, 'revoked-key'));
    expect(await read(later)).toEqual(numbers(later, 10));
    expect(await next(OLDER)).toContain('10 destroyed');
    expect(await read(ids)).toEqual(each(ids, null));
    expect(await read(later)).toEqual(numbers(later, 10));

    await desk.setUp();
    expect(await next(LEAKED)).toContain('Every live node has it.');
    expect(await read(later)).toEqual(each(later, 'revoked-key'));
    const fresh = await first.populate(20, 2);
    expect(await read(fresh)).toEqual([20, 21]);
    expect(await next(LEAKED)).toBe('12 sessions ended.\n');
    expect(await read([...later, ...fresh])).toEqual(each([...later, ...fresh], null));
    expect(await read(await first.populate(22, 1))).toEqual([22]);
    expect([desk.leftOf(LEAKED), desk.leftOf(OLDER)]).toEqual([[], []]);
  });

  it('survives the loss of a passphrase without a logout, and the loss of the ring with one', async () => {
    await using desk = await openDesk(1);
    const { first, next, read } = desk;
    const ids = await first.populate(0, 10);
    await desk.setUp();
    expect((await desk.openRing(SAFE)).version).toBe(1);

    await next(PASSPHRASE);
    await expect(desk.openRing(SAFE)).rejects.toThrow('does not open with this passphrase');
    expect((await desk.openRing(NEW)).version).toBe(1);
    expect(await read(ids)).toEqual(numbers(ids));
    const late = await desk.fleet.node();
    expect(await late.read(ids, 'strong')).toEqual(numbers(ids));

    await next(LOST);
    expect((await desk.openRing(NEW)).version).toBe(8);
    await expect.poll(() => read(ids), { timeout: 30_000 }).toEqual(each(ids, 'unknown-key'));
    expect(await next(LOST)).toBe('10 sessions ended.\n');
    expect(await read(ids)).toEqual(each(ids, null));
    expect(await read(await first.populate(10, 1))).toEqual([10]);
    expect([desk.leftOf(PASSPHRASE), desk.leftOf(LOST)]).toEqual([[], []]);
  });
});
