import { PROGRESS_INTERVAL_MS } from '../../limits/cli.ts';
import type { WalkProgress } from '../../upkeep/tally.ts';
import type { Context } from './command.ts';

/** The progress of long work, as a bar shows it. */
export type Measured = Pick<WalkProgress, 'etaMs' | 'perSecond' | 'scanned' | 'total'>;

/** Reports the progress of long work: a bar for a person, a line of JSON for a program that asked for it. */
export class ProgressReport<Progress extends Measured = WalkProgress> {
  readonly #context: Context;
  #shownAt = Number.NEGATIVE_INFINITY;
  /** The latest progress; undefined before the first batch is done. */
  last: Progress | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  show(progress: Progress): void {
    this.last = progress;
    const { args, platform, terminal } = this.#context;
    if (args.flag('progress')) terminal.print(JSON.stringify({ progress }));
    const now = platform.monotonic();
    if (now - this.#shownAt < PROGRESS_INTERVAL_MS) return;
    this.#shownAt = now;
    terminal.showProgress((columns) => drawProgress(progress, columns));
  }
}

const BAR_COLUMNS_MAX = 30;
const BAR_COLUMNS_MIN = 5;

/** Returns a line of at most `columns` characters; without the bar if there is no room for it. */
export function drawProgress({ scanned, total, perSecond, etaMs }: Measured, columns: number): string {
  const share = total > 0 ? Math.min(scanned / total, 1) : 0;
  const words = `${Math.floor(share * 100)}%  ${scanned} of about ${total}  ${perSecond}/s  ${spellEta(etaMs)} left`;
  const room = Math.min(columns - words.length - '[]  '.length, BAR_COLUMNS_MAX);
  if (room < BAR_COLUMNS_MIN) return words.slice(0, columns);
  const full = Math.round(share * room);
  return `[${'#'.repeat(full)}${'.'.repeat(room - full)}]  ${words}`;
}

/** Returns `3 s`, `2 min 5 s`, `1 h 10 min`. */
export function spellEta(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
