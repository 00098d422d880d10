import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { KeyRing, SessionClient } from '../../../src/index.ts';
import { prismaTier } from '../../../src/tiers/prisma/index.ts';
import { holdfast, holdfastOnTerminal, type CliOptions, type Ended } from '../../support/cli.ts';
import { redisTierFor } from '../../support/real-client.ts';
import { furnish } from '../../support/rotation-desk.ts';
import { RotationFleet } from '../../support/rotation-fleet.ts';
import { openPrisma } from '../../support/servers/databases.ts';
import { sharedRedis } from '../../support/shared.ts';

const TIMEOUT_MS = 300_000;

type Document = Record<string, unknown> & { readonly code: number | null };

interface Desk {
  readonly fleet: RotationFleet;
  readonly cwd: string;
  /** Every command that asks the fleet takes them. */
  readonly client: readonly string[];
  readonly ring: readonly string[];
  run(args: readonly string[], options?: Partial<CliOptions>): Promise<Ended>;
  json(args: readonly string[]): Promise<Document>;
}

/** A fleet's ring file, the application's client as a module beside it, and a command line. */
async function openDesk(fleet: RotationFleet): Promise<Desk> {
  const cwd = await furnish(fleet);
  const run: Desk['run'] = (args, options) => holdfast(['keys', ...args], { cwd, ...options });
  return {
    fleet,
    cwd,
    client: ['--client', './holdfast.ts'],
    ring: ['--ring', 'keys.json', '--kek-file', 'kek'],
    run,
    async json(args) {
      const { code, stdout, stderr } = await run([...args, '--json']);
      if (stdout === '') throw new Error(`no document, but: ${stderr}`);
      return { ...(JSON.parse(stdout) as Record<string, unknown>), code };
    },
  };
}

const openRing = ({ orders }: RotationFleet): Promise<KeyRing> =>
  KeyRing.open(orders.ringPath, { kek: Buffer.from(orders.kek, 'base64') });

/** One more node, which never learns of another ring than this one. */
async function openLaggard({ orders }: RotationFleet, keys: KeyRing): Promise<AsyncDisposable> {
  const { prisma, close } = await openPrisma('postgresql', orders.databaseUrl, { ca: orders.databaseCa });
  const sessions = new SessionClient({
    keys,
    primary: redisTierFor(orders.redis),
    durable: prismaTier(prisma, { provider: 'postgresql' }),
    namespace: orders.namespace,
  });
  await sessions.ready();
  return {
    async [Symbol.asyncDispose]() {
      await sessions.close();
      await close();
    },
  };
}

it.concurrent(
  'a key is rotated from the command line, and refused to be retired too early',
  { timeout: TIMEOUT_MS },
  async () => {
    await using fleet = await RotationFleet.start(sharedRedis());
    const { json, run, ring, client, cwd } = await openDesk(fleet);
    const node = await fleet.node();
    const ids = await node.populate(0, 40);
    const old = (await openRing(fleet)).sealingKey.kid;
    const kid = `--kid=${old}`;

    expect(await json(['add', ...ring])).toMatchObject({ code: 0, changed: true, version: 2 });
    expect(await json(['promote', ...ring, ...client])).toMatchObject({ code: 0, changed: true, version: 3 });
    expect(await json(['retire', ...ring, ...client, kid, '--timeout', '0s'])).toMatchObject({
      code: 3,
      // The other node may not have looked at the file yet; that is another reason.
      error: {
        code: 'HOLDFAST_KEY_RING',
        message: expect.stringMatching(/less than 20 s|do not have key ring version 3/),
      },
    });
    expect((await openRing(fleet)).version).toBe(3);

    const census = await json(['census', ...client]);
    expect(census).toMatchObject({ code: 0, ring: 3, total: 40, unknown: [] });
    expect(census['keys']).toContainEqual(expect.objectContaining({ kid: old, state: 'decrypt-only', sessions: 40 }));
    const walked = await run(['reencrypt', ...client]);
    expect(walked).toMatchObject({ code: 0, stderr: '' });
    expect(walked.stdout).toContain('40 sessions looked at');
    expect(await json(['reencrypt', ...client])).toMatchObject({
      code: 0,
      scanned: 40,
      changed: 0,
      upToDate: 40,
      failures: [],
    });

    expect(await json(['retire', ...ring, ...client, kid])).toMatchObject({ code: 0, changed: true, version: 4 });
    expect(await json(['retire', ...ring, ...client, kid])).toMatchObject({ code: 0, changed: false, version: 4 });
    expect(await json(['remove', ...ring, kid, '--yes'])).toMatchObject({ code: 0, changed: true, version: 5 });
    const after = await run(['census', ...client]);
    expect(after.stdout).toMatch(/^40 living sessions, key ring version 5$/m);
    expect(await node.read(ids, 'strong')).toEqual(ids.map((_, n) => n));

    const sweep = ['sweep', ...client];
    const swept = await holdfast([...sweep, '--json'], { cwd });
    expect(JSON.parse(swept.stdout)).toEqual({ scanned: 40, removed: 0 });
    expect((await holdfast(sweep, { cwd })).stdout).toBe('40 rows looked at, 0 deleted.\n');
    expect(await holdfast([...sweep, '--revoked-retention', '1m'], { cwd })).toMatchObject({ code: 2, stdout: '' });
  },
);

it.concurrent(
  'a promotion is refused while a node lacks the key, unless somebody forces it and means it',
  { timeout: TIMEOUT_MS },
  async () => {
    await using fleet = await RotationFleet.start(sharedRedis());
    const { json, run, ring, client } = await openDesk(fleet);
    await using others = new AsyncDisposableStack();
    others.use(await openLaggard(fleet, await openRing(fleet)));
    expect(await json(['promote', ...ring, ...client])).toMatchObject({
      code: 3,
      error: { message: expect.stringContaining('no pending data key') },
    });
    await run(['add', ...ring]);
    await run(['add', ...ring, '--use', 'index']);

    expect(await json(['promote', ...ring, ...client, '--timeout', '1s'])).toMatchObject({
      code: 3,
      error: { code: 'HOLDFAST_KEY_RING', message: expect.stringContaining('1 of 2 live nodes do not have') },
    });
    expect(await run(['promote', ...ring])).toMatchObject({ code: 2, stdout: '' });
    expect(await json(['promote', ...ring, '--force'])).toMatchObject({ code: 3, error: { code: 'REFUSED' } });
    expect((await openRing(fleet)).version).toBe(3);
    expect(await json(['promote', ...ring, '--force', '--yes'])).toMatchObject({ code: 0, changed: true, version: 4 });
    expect(await json(['promote', ...ring, '--force', '--yes', '--use', 'index'])).toMatchObject({
      code: 0,
      version: 5,
    });

    expect(await json(['census', '--client', './missing.ts'])).toMatchObject({ code: 1, error: { code: 'FAILED' } });
    expect(await json(['reencrypt', ...client, '--cursor', 'x'])).toMatchObject({ code: 2, error: { code: 'USAGE' } });
    expect(await json(['reencrypt', ...client, '--concurrency', '999'])).toMatchObject({ code: 2 });
  },
);

it.concurrent(
  'Ctrl+C ends a re-encryption with a cursor, from which another run goes on',
  { timeout: TIMEOUT_MS },
  async () => {
    await using fleet = await RotationFleet.start(sharedRedis());
    const { json, run, ring, client } = await openDesk(fleet);
    const node = await fleet.node();
    const ids = await node.populate(0, 200);
    await run(['add', ...ring]);
    await run(['promote', ...ring, ...client]);

    const slowly = [
      'reencrypt',
      ...client,
      '--batch-size',
      '10',
      '--sessions-per-second',
      '40',
      '--json',
      '--progress',
    ];
    const interrupted = await run(slowly, {
      onOutput: (child, stdout) => void (stdout.split('\n').length > 4 && child.kill('SIGINT')),
    });
    expect(interrupted).toMatchObject({ code: 130, stderr: '' });
    const lines = interrupted.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const last = lines.pop();
    expect(lines.length).toBeGreaterThanOrEqual(4);
    for (const line of lines)
      expect(line).toMatchObject({ progress: { total: expect.any(Number), perSecond: expect.any(Number) } });
    expect(last).toMatchObject({ interrupted: true, cursor: lines.at(-1).progress.cursor });

    const rest = await json(['reencrypt', ...client, `--cursor=${last.cursor}`]);
    expect(rest).toMatchObject({ code: 0, failed: 0, scanned: 200 - last.scanned });
    expect(await json(['reencrypt', ...client])).toMatchObject({ code: 0, changed: 0, upToDate: 200 });
    expect(await node.read(ids, 'strong')).toEqual(ids.map((_, n) => n));
  },
);

const hasScript = spawnSync('script', ['--version']).status === 0;

it.skipIf(!hasScript).concurrent(
  'Ctrl+C ends the wait for a fleet, and leaves ring and lock as they were',
  { timeout: TIMEOUT_MS },
  async () => {
    await using fleet = await RotationFleet.start(sharedRedis());
    const { cwd, run, ring, client } = await openDesk(fleet);
    await using others = new AsyncDisposableStack();
    others.use(await openLaggard(fleet, await openRing(fleet)));
    await run(['add', ...ring]);
    const args = ['keys', 'promote', ...ring, ...client, '--timeout', '10m'];
    const { code, stdout } = await holdfastOnTerminal(args, { cwd, answers: [['Asking the fleet', '\u0003']] });
    expect(code).toBe(130);
    expect(stdout).toContain('Interrupted.');
    expect((await openRing(fleet)).version).toBe(2);
    expect(readdirSync(cwd).filter((name) => name.startsWith('keys.json'))).toEqual(['keys.json']);
  },
);

it.skipIf(!hasScript).concurrent(
  'a terminal shows how far a walk has come, on one line',
  { timeout: TIMEOUT_MS },
  async () => {
    await using fleet = await RotationFleet.start(sharedRedis());
    const { cwd, json, client } = await openDesk(fleet);
    await (await fleet.node()).populate(0, 60);
    expect(await json(['reindex', ...client, '--dry-run'])).toMatchObject({ code: 0, changed: 0, scanned: 60 });
    const args = ['keys', 'reindex', ...client, '--batch-size', '10'];
    const { code, stdout } = await holdfastOnTerminal(args, { cwd, columns: 60, answers: [] });
    expect(code).toBe(0);
    const frames = stdout.split('\r\u001b[2K');
    expect(frames.length).toBeGreaterThan(1);
    expect(stdout).toMatch(/\[#*\.*\] {2}\d+% {2}\d+ of about \d+/);
    for (const frame of frames.slice(1, -1)) expect(frame.length).toBeLessThan(60);
    expect(frames.at(-1)).toMatch(/^60 sessions looked at/);
  },
);

it.concurrent(
  'a leaked key is replaced at once, and the command fails until every node has the ring',
  { timeout: TIMEOUT_MS },
  async () => {
    await using fleet = await RotationFleet.start(sharedRedis());
    const { json, run, ring, client, cwd } = await openDesk(fleet);
    const node = await fleet.node();
    const ids = await node.populate(0, 10);
    const leaked = (await openRing(fleet)).sealingKey.kid;
    const replace = ['replace', ...ring, ...client, `--kid=${leaked}`, '--yes'];
    const laggard = await openLaggard(fleet, await openRing(fleet));
    expect(await json([...replace, '--timeout', '3s'])).toMatchObject({
      code: 1,
      error: {
        code: 'HOLDFAST_KEY_RING',
        message: expect.stringMatching(
          /^Ring version 2 is saved, but .* live nodes do not have .*[0-9a-f]{8} \(has version 1, seen \d+ s ago\)/,
        ),
      },
    });
    expect((await openRing(fleet)).version).toBe(2);
    await laggard[Symbol.asyncDispose]();
    // The work is done: now it only waits, and asks for no confirmation.
    expect(await json(replace.slice(0, -1))).toMatchObject({ code: 0, changed: false, acknowledged: true });
    expect(await node.read(ids, 'strong')).toEqual(ids.map(() => 'revoked-key'));
    expect(await json(['reencrypt', ...client, '--destroy-revoked'])).toMatchObject({ code: 0, destroyed: 10 });
    const [living = ''] = await node.populate(10, 1);

    const destroyAll = ['revoke', '--all', ...client];
    expect((await holdfast(destroyAll, { cwd })).stderr).toContain('--yes');
    const destroyed = await holdfast([...destroyAll, '--yes', '--json'], { cwd });
    expect(JSON.parse(destroyed.stdout)).toEqual({ destroyed: 1 });
    expect(await node.read([...ids, living], 'bounded')).toEqual([...ids, living].map(() => null));
    expect((await run(['revoke', ...ring, ...client, `--kid=${leaked}`])).stdout).toContain('Every live node has it.');
  },
);
