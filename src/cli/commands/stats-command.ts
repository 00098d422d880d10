import { requireEngine } from '../../client/engine-of.ts';
import { STATS_ROWS_MAX } from '../../limits/cli.ts';
import { Steps } from '../../upkeep/steps.ts';
import { requireClient } from '../config/client.ts';
import { collectStats } from '../stats/stats-report.ts';
import { textOfStats } from '../stats/stats-text.ts';
import { orInterrupted, withClient } from './with-client.ts';
import type { Command } from './command.ts';

export const statsCommand: Command = {
  name: 'stats',
  summary: 'Show how many sessions there are, under which keys, and the nodes of the fleet',
  details: [
    `Looks at ${STATS_ROWS_MAX} rows at most and estimates the rest; --exact looks at every row.`,
    'It sends two statements for each 1000 rows, one after another, which read and lock nothing.',
  ],
  options: ['client', 'exact'],
  async run(context) {
    const { args, signal, terminal } = context;
    requireClient(context.settings);
    return withClient(context, async (sessions) => {
      const steps = new Steps(requireEngine('stats', sessions), signal);
      const onPage = (share: number): void => {
        terminal.showProgress((columns) => `Counting rows: ${Math.floor(share * 100)}%`.slice(0, columns));
      };
      const rowsMax = args.flag('exact') ? Infinity : STATS_ROWS_MAX;
      const { keys } = await sessions.health();
      const question = { namespace: sessions.namespace, self: keys.node, rowsMax, onPage };
      const report = await orInterrupted(signal, collectStats(steps, question));
      return { document: report, text: textOfStats(report, terminal) };
    });
  },
};
