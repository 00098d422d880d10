import { expect, it } from 'vitest';
import { holdfast, type CliOptions, type Ended } from '../../support/cli.ts';
import { openNode } from '../../support/rotation-client.ts';
import { furnish } from '../../support/rotation-desk.ts';
import { RotationFleet } from '../../support/rotation-fleet.ts';
import { sharedRedis } from '../../support/shared.ts';

const TIMEOUT_MS = 120_000;
/** `destroyByUser` lets a client wait for three times as long when it closes. */
const BRISK = { durableTimeout: '1500ms' } as const;
const USER = 'canary-user-9a4e77d103';
const LABEL = 'canary-label-c0ffee4711';
const data = (n: number) => ({ n, writes: 0 });

interface Desk extends AsyncDisposable {
  readonly fleet: RotationFleet;
  readonly sessions: Awaited<ReturnType<typeof openNode>>['sessions'];
  /** Runs a command with the application's client, and remembers its output. */
  run(args: readonly string[], options?: Partial<CliOptions>): Promise<Ended>;
  json(args: readonly string[], options?: Partial<CliOptions>): Promise<unknown>;
  /** All that commands have written so far. */
  readonly output: string[];
}

/** A client of the application in this process, and a command line beside it. */
async function openDesk(): Promise<Desk> {
  const fleet = await RotationFleet.start(sharedRedis());
  const cwd = await furnish(fleet, BRISK);
  const node = await openNode(fleet.orders, BRISK);
  const output: string[] = [];
  const run: Desk['run'] = async (args, options) => {
    const ended = await holdfast([...args, '--client', './holdfast.ts'], { cwd, ...options });
    output.push(ended.stdout, ended.stderr);
    return ended;
  };
  return {
    fleet,
    sessions: node.sessions,
    output,
    run,
    async json(args, options) {
      const { code, stdout, stderr } = await run([...args, '--json'], options);
      if (stdout === '') throw new Error(`no document, but: ${stderr}`);
      return { code, ...(JSON.parse(stdout) as object) };
    },
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]();
      await fleet[Symbol.asyncDispose]();
    },
  };
}

it.concurrent('a user’s sessions are ended from the command line, one or all', { timeout: TIMEOUT_MS }, async () => {
  await using desk = await openDesk();
  const { sessions, run, json, output } = desk;
  const own = await Promise.all([1, 2, 3].map((n) => sessions.create(data(n), { userId: USER, label: LABEL })));
  const other = await sessions.create(data(4), { userId: 'somebody else' });
  const [first] = own;

  expect(await json(['revoke', '--user', '-', `--handle=${first?.handle}`], { input: `${USER}\n` })).toEqual({
    code: 0,
    destroyed: 1,
  });
  expect(await sessions.get(first?.id ?? '')).toBeNull();
  expect((await sessions.listByUser(USER)).length).toBe(2);
  expect(await run(['revoke', '--user', USER])).toMatchObject({ code: 0, stdout: '2 sessions ended.\n', stderr: '' });
  expect(await Promise.all(own.map(({ id }) => sessions.get(id, { consistency: 'strong' })))).toEqual([
    null,
    null,
    null,
  ]);
  expect(await sessions.get(other.id)).not.toBeNull();

  expect(await json(['revoke'])).toMatchObject({ code: 2, error: { code: 'USAGE' } });
  expect(await json(['revoke', '--user', USER, '--all'])).toMatchObject({ code: 2 });
  expect(await json(['revoke', '--user', '-'])).toMatchObject({ code: 2 });
  expect(output.join('')).not.toContain(USER);
});
