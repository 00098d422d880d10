import { readFile } from 'node:fs/promises';
import { requireEngine } from '../../client/engine-of.ts';
import { isHoldfastError } from '../../errors.ts';
import { codeOf } from '../../keys/file/ring-file.ts';
import {
  BENCH_CONCURRENCY_DEFAULT,
  BENCH_CONCURRENCY_MAX,
  BENCH_DATA_BYTES,
  BENCH_DATA_FILE_BYTES_MAX,
  BENCH_DURATION_MS_DEFAULT,
  BENCH_DURATION_MS_MAX,
  BENCH_DURATION_MS_MIN,
} from '../../limits/cli.ts';
import { parseDuration } from '../../platform/duration.ts';
import { bench, type BenchReport } from '../bench/bench.ts';
import { textOfBench } from '../bench/bench-text.ts';
import { requireClient } from '../config/client.ts';
import { EXIT, failure } from '../shell/exit.ts';
import { withClient } from './with-client.ts';
import type { Command, Context, Outcome } from './command.ts';

export const benchCommand: Command = {
  name: 'bench',
  summary: 'Measure your own servers through your own client, for two minutes',
  details: [
    'Creates, reads, updates and destroys sessions of its own, and deletes them in the end.',
    'It is load: users feel it as they feel that many requests. Ctrl+C ends it early, and cleans up.',
    'A client with a schema needs --data: JSON that the schema accepts.',
  ],
  options: ['client', 'duration', 'concurrency', 'data'],
  async run(context) {
    const { args, platform, signal, terminal } = context;
    requireClient(context.settings);
    const duration =
      args.duration('duration', BENCH_DURATION_MS_MAX, BENCH_DURATION_MS_MIN) ?? BENCH_DURATION_MS_DEFAULT;
    const durationMs = parseDuration('--duration', duration, BENCH_DURATION_MS_MIN, BENCH_DURATION_MS_MAX);
    const concurrency = args.integer('concurrency', 1, BENCH_CONCURRENCY_MAX) ?? BENCH_CONCURRENCY_DEFAULT;
    const data = await dataOf(context);
    const onOperation = (title: string, share: number): void => {
      terminal.showProgress((columns) => `${Math.floor(share * 100)}%  ${title}`.slice(0, columns));
    };
    return withClient(context, async (sessions) => {
      const engine = requireEngine('bench', sessions);
      const options = { platform, durationMs, concurrency, data, signal, onOperation };
      return outcomeOf(context, await bench(sessions, engine, options).catch(explain));
    });
  },
};

function outcomeOf({ signal, terminal }: Context, report: BenchReport): Outcome {
  const isWhole = report.operations.every(
    ({ together, errors }) => together.count > 0 && Object.keys(errors).length === 0,
  );
  if (signal.aborted) {
    return {
      document: { interrupted: true, ...report },
      text: `Interrupted, and cleaned up.\n\n${textOfBench(report, terminal)}`,
      exitCode: EXIT.interrupted,
    };
  }
  return { document: report, text: textOfBench(report, terminal), exitCode: isWhole ? EXIT.done : EXIT.failed };
}

/** Adds to a refusal of the data what to do about it. */
function explain(error: unknown): never {
  if (isHoldfastError(error) && error.code === 'HOLDFAST_PAYLOAD') {
    throw failure(
      "The client refuses the data of the benchmark: give --data, a file with JSON that the client's schema accepts.",
    );
  }
  throw error;
}

/** Returns the data of the sessions: what `--data` has, or a text of the size that capacity.md has figures for. */
async function dataOf({ args }: Context): Promise<unknown> {
  const path = args.text('data');
  if (path === undefined) return { bench: 'x'.repeat(BENCH_DATA_BYTES - '{"bench":""}'.length) };
  const bytes = await readFile(path).catch((error: unknown) => {
    throw failure(`The file ${path} could not be read (${codeOf(error)}).`);
  });
  if (bytes.length > BENCH_DATA_FILE_BYTES_MAX) throw failure(`The file ${path} is too large.`);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw failure(`The file ${path} is not JSON.`);
  }
}
