import { expect } from 'vitest';
import { holdfast, type CliOptions, type Ended } from './cli.ts';
import { openNode } from './rotation-client.ts';
import { furnish } from './rotation-desk.ts';
import { RotationFleet } from './rotation-fleet.ts';
import { sharedRedis } from './shared.ts';

export interface CliDesk extends AsyncDisposable {
  readonly fleet: RotationFleet;
  readonly cwd: string;
  readonly sessions: Awaited<ReturnType<typeof openNode>>['sessions'];
  /** Runs a command with the application's client, and remembers its output. */
  run(args: readonly string[], options?: Partial<CliOptions>): Promise<Ended>;
  /** Runs it with `--json`; returns its exit code and the members of its document. */
  json(args: readonly string[], options?: Partial<CliOptions>): Promise<Record<string, unknown>>;
  /** All that commands have written so far. */
  readonly output: string[];
}

/** A client of the application in this process, and a command line with these options beside it; Redis and PostgreSQL over TLS. */
export async function openCliDesk(clientOptions: { readonly durableTimeout?: string } = {}): Promise<CliDesk> {
  const fleet = await RotationFleet.start(sharedRedis());
  const cwd = await furnish(fleet, clientOptions);
  const node = await openNode(fleet.orders);
  const output: string[] = [];
  const run: CliDesk['run'] = async (args, options) => {
    const ended = await holdfast([...args, '--client', './holdfast.ts'], { cwd, ...options });
    output.push(ended.stdout, ended.stderr);
    return ended;
  };
  return {
    fleet,
    cwd,
    sessions: node.sessions,
    output,
    run,
    async json(args, options) {
      const { code, stdout, stderr } = await run([...args, '--json'], options);
      if (stdout === '') throw new Error(`no document, but: ${stderr}`);
      return { code, ...(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as object) };
    },
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]();
      await fleet[Symbol.asyncDispose]();
    },
  };
}

/** Fails if one of these secrets is in the output, in any spelling. */
export function expectNoneIn(output: readonly string[], secrets: readonly string[]): void {
  const text = output.join('\n');
  for (const secret of secrets) {
    for (const form of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64url')]) {
      expect(text.includes(form), `a secret of ${secret.length} characters`).toBe(false);
    }
  }
}
