import { IMPORT_CONCURRENCY_DEFAULT, IMPORT_CONCURRENCY_MAX } from '../../limits/cli.ts';
import { requireClient } from '../config/client.ts';
import { SessionsImport, type ImportProgress } from '../import/import-sessions.ts';
import { readSource } from '../import/import-source.ts';
import { asCliError, CliError, EXIT, usageError } from '../shell/exit.ts';
import { withClient } from './with-client.ts';
import type { Command, Context, Outcome } from './command.ts';
import { ProgressReport } from './progress-report.ts';

export const importCommand: Command = {
  name: 'import',
  summary: 'Copy the sessions of another store, so that nobody has to sign in again',
  details: [
    '--from is a module that exports importFrom: { store, userIdOf?, toSession?, sids? }, the old store',
    'as express-session has it. Without toSession, the sessions are for HoldfastStore.',
    'Stop the instances that write to the old store first. May run again, also after Ctrl+C:',
    'a session is imported once. --move deletes each from the old store once it is imported.',
  ],
  options: ['client', 'from', 'move', 'dry-run', 'concurrency', 'progress'],
  async run(context) {
    const { args, platform, signal } = context;
    requireClient(context.settings);
    if (args.flag('progress') && !args.flag('json')) throw usageError('--progress goes with --json.');
    if (args.flag('move') && args.flag('dry-run')) throw usageError('Give either --move or --dry-run.');
    const concurrency = args.integer('concurrency', 1, IMPORT_CONCURRENCY_MAX) ?? IMPORT_CONCURRENCY_DEFAULT;
    const path = args.required('from');
    const report = new ProgressReport<ImportProgress>(context);
    return withClient(context, async (sessions) => {
      const source = await readSource(path, platform.now());
      const work = new SessionsImport(sessions, source, {
        platform,
        concurrency,
        dryRun: args.flag('dry-run'),
        move: args.flag('move'),
        signal,
        onProgress: (progress) => report.show(progress),
      });
      await work.run().catch((error: unknown) => unlessInterrupted(error, context, work.progress));
      return outcomeOf(context, work.progress);
    });
  },
};

/** Adds to an error that what is imported stays so. */
function unlessInterrupted(error: unknown, { signal }: Context, { scanned }: ImportProgress): void {
  if (signal.aborted) return;
  const { exitCode, code, message } = asCliError(error);
  throw new CliError(
    exitCode,
    code,
    `${message} ${scanned} sessions were done. Run it again: they are not imported twice.`,
  );
}

function outcomeOf({ args, signal }: Context, progress: ImportProgress): Outcome {
  const { scanned, imported, present, ended, skipped, failed, failures, perSecond } = progress;
  const counts = [
    `${scanned} sessions looked at (${perSecond}/s): ${imported} ${args.flag('dry-run') ? 'to import' : 'imported'}`,
    ...(present > 0 ? [`${present} here already`] : []),
    ...(ended > 0 ? [`${ended} ended here since`] : []),
    ...(skipped > 0 ? [`${skipped} expired or not wanted`] : []),
    `${failed} failed.`,
  ].join(', ');
  const why = Object.entries(failures).map(([code, count]) => `\n${count} × ${code}`);
  if (signal.aborted) {
    return {
      document: { interrupted: true, ...progress },
      text: `Interrupted. ${counts} Run it again to go on.${why.join('')}`,
      exitCode: EXIT.interrupted,
    };
  }
  return { document: progress, text: counts + why.join(''), exitCode: failed > 0 ? EXIT.failed : EXIT.done };
}
