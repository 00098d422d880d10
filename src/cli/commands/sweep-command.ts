import { REVOKED_RETENTION_MS_MAX, REVOKED_RETENTION_MS_MIN } from '../../limits/upkeep.ts';
import { sweepSessions } from '../../client/upkeep.ts';
import type { SweepProgress } from '../../upkeep/sweep-all.ts';
import { withClient } from './with-client.ts';
import type { Command } from './command.ts';
import { CliError, EXIT } from '../shell/exit.ts';

export const sweepCommand: Command = {
  name: 'sweep',
  summary: 'Delete the rows of sessions that ended long ago',
  details: [
    'Clients do this by themselves, unless their option sweep is false: use it in a job instead.',
    'May run while the service works. Ctrl+C ends it; what is deleted stays deleted.',
  ],
  options: ['client', 'revoked-retention'],
  async run(context) {
    const { args, signal } = context;
    const revokedRetention =
      args.duration('revoked-retention', REVOKED_RETENTION_MS_MAX, REVOKED_RETENTION_MS_MIN) ?? '24h';
    let done: SweepProgress = { scanned: 0, removed: 0 };
    const onProgress = (progress: SweepProgress): void => void (done = progress);
    try {
      await withClient(context, (sessions) => sweepSessions(sessions, { revokedRetention, onProgress, signal }));
      return { document: done, text: textOf(done) };
    } catch (error) {
      if (!(error instanceof CliError) || error.exitCode !== EXIT.interrupted) throw error;
      return {
        document: { interrupted: true, ...done },
        text: `Interrupted. ${textOf(done)}`,
        exitCode: EXIT.interrupted,
      };
    }
  },
};

function textOf({ scanned, removed }: SweepProgress): string {
  return `${scanned} rows looked at, ${removed} deleted.`;
}
