import type { SessionClient } from '../../../client/session-client.ts';
import { WALK_CONCURRENCY_MAX, WALK_PAGE_ROWS_MAX, WALK_SESSIONS_PER_SECOND_MAX } from '../../../limits/upkeep.ts';
import type { WalkOptions } from '../../../client/options/walk-options.ts';
import { keyCensus, reencryptSessions, reindexSessions } from '../../../client/upkeep.ts';
import type { KeyCensus } from '../../../upkeep/key-census.ts';
import { parseCursor, type WalkProgress } from '../../../upkeep/tally.ts';
import type { WalkResult } from '../../../upkeep/walk.ts';
import { withClient } from '../with-client.ts';
import type { Command, Context, Outcome } from '../command.ts';
import { CliError, EXIT, refusing, usageError } from '../../shell/exit.ts';
import { WALK_OPTIONS } from '../../shell/options.ts';
import { ProgressReport } from '../progress-report.ts';
import { TONE_OF } from '../../ring/ring-document.ts';
import { formatTable } from '../../shell/table.ts';
import type { Terminal } from '../../shell/terminal.ts';

/** The commands that look at every session, through the application's own client. */
export const sessionCommands: readonly Command[] = [
  {
    name: 'keys census',
    summary: 'Count the living sessions that each data key seals',
    details: ['Also counts sessions under keys that the ring of --client lacks.'],
    options: ['client'],
    async run(context) {
      const { signal, terminal } = context;
      const census = await withClient(context, (sessions) => keyCensus(sessions, { signal }));
      return { document: census, text: textOfCensus(census, terminal) };
    },
  },
  {
    name: 'keys reencrypt',
    summary: 'Seal every living session with the active key',
    details: [
      'May run while the service works, and again after a crash. Ctrl+C ends it and prints a cursor.',
      'Sessions that do not open are named and skipped; the exit status is then 1.',
    ],
    options: [...WALK_OPTIONS, 'destroy-revoked'],
    run: (context) =>
      walk(context, (sessions, options) =>
        reencryptSessions(sessions, { ...options, destroyRevoked: context.args.flag('destroy-revoked') }),
      ),
  },
  {
    name: 'keys reindex',
    summary: 'Move every living session of a user to the active index key',
    details: ['May run while the service works, and again after a crash. Ctrl+C ends it and prints a cursor.'],
    options: [...WALK_OPTIONS, 'dry-run'],
    run: (context) =>
      walk(context, (sessions, options) =>
        reindexSessions(sessions, { ...options, dryRun: context.args.flag('dry-run') }),
      ),
  },
];

async function walk(
  context: Context,
  start: (sessions: SessionClient, options: WalkOptions) => Promise<WalkResult>,
): Promise<Outcome> {
  const options = walkOptionsOf(context);
  const report = new ProgressReport(context);
  const onProgress = (progress: WalkProgress): void => report.show(progress);
  try {
    const { signal } = context;
    const result = await withClient(context, (sessions) =>
      refusing(() => start(sessions, { ...options, onProgress, signal })),
    );
    return {
      document: result,
      text: textOfWalk(result, context.terminal),
      exitCode: result.failed > 0 ? EXIT.failed : EXIT.done,
    };
  } catch (error) {
    const cursor = report.last?.cursor ?? options.cursor;
    const isInterrupted = error instanceof CliError && error.exitCode === EXIT.interrupted;
    const goOn = cursor === undefined ? 'Nothing is done yet.' : `To continue: --cursor=${cursor}`;
    if (!isInterrupted) {
      if (cursor !== undefined) context.terminal.say(goOn);
      throw error;
    }
    return {
      document: { interrupted: true, cursor: cursor ?? null, ...report.last },
      text: `Interrupted after ${report.last?.scanned ?? 0} sessions. ${goOn}`,
      exitCode: EXIT.interrupted,
    };
  }
}

/** Checks the options before it connects. */
function walkOptionsOf({ args }: Context): WalkOptions {
  if (args.flag('progress') && !args.flag('json')) throw usageError('--progress goes with --json.');
  const batchSize = args.integer('batch-size', 1, WALK_PAGE_ROWS_MAX);
  const concurrency = args.integer('concurrency', 1, WALK_CONCURRENCY_MAX);
  const sessionsPerSecond = args.integer('sessions-per-second', 1, WALK_SESSIONS_PER_SECOND_MAX);
  const cursor = args.text('cursor');
  try {
    if (cursor !== undefined) parseCursor(cursor);
  } catch {
    throw usageError('--cursor must be what an earlier run printed.');
  }
  return {
    ...(batchSize !== undefined && { batchSize }),
    ...(concurrency !== undefined && { concurrency }),
    ...(sessionsPerSecond !== undefined && { sessionsPerSecond }),
    ...(cursor !== undefined && { cursor }),
  };
}

function textOfWalk(result: WalkResult, terminal: Terminal): string {
  const { scanned, changed, upToDate, ended, destroyed, failed, conflicts, perSecond, failures } = result;
  const counts = [
    `${scanned} sessions looked at (${perSecond}/s): ${changed} changed, ${upToDate} up to date, ${ended} ended`,
    ...(destroyed > 0 ? [`${destroyed} destroyed`] : []),
    ...(conflicts > 0 ? [`${conflicts} conflicts`] : []),
    `${failed} left alone.`,
  ].join(', ');
  if (failures.length === 0) return counts;
  const table = formatTable(failures, [
    { heading: 'handle', cell: ({ handle }) => handle },
    { heading: 'reason', cell: ({ reason }) => reason, style: (text) => terminal.style('red', text) },
  ]);
  const more = failed > failures.length ? `\n… and ${failed - failures.length} more` : '';
  return `${counts}\n\n${table}${more}`;
}

function textOfCensus({ keys, unknown, total, ring }: KeyCensus, terminal: Terminal): string {
  const rows = [
    ...keys.map(({ keyId, kid, state, sessions }) => ({ keyId, kid, state, sessions })),
    ...unknown.map(({ keyId, sessions }) => ({ keyId, kid: '(not in the ring)', state: undefined, sessions })),
  ];
  const table = formatTable(rows, [
    { heading: 'key id', cell: ({ keyId }) => keyId },
    { heading: 'sessions', cell: ({ sessions }) => String(sessions), align: 'right' },
    {
      heading: 'state',
      cell: ({ state }) => state ?? 'unknown',
      style: (text, { state }) => terminal.style(state === undefined ? 'red' : TONE_OF[state], text),
    },
    { heading: 'kid', cell: ({ kid }) => kid },
  ]);
  return `${total} living sessions, key ring version ${ring}\n\n${table}`;
}
