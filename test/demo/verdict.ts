import { paint, type Timeline } from './timeline.ts';

interface Finding {
  readonly promise: string;
  readonly isKept: boolean;
  readonly figures: string;
}

/** What was promised, whether it was kept, and the figures behind that. */
export class Verdict {
  readonly #findings: Finding[] = [];

  add(promise: string, isKept: boolean, figures: string): void {
    this.#findings.push({ promise, isKept, figures });
  }

  /** True if every promise was kept. */
  print(timeline: Timeline): boolean {
    timeline.chapter('Verdict');
    const width = Math.max(...this.#findings.map(({ promise }) => promise.length));
    for (const { promise, isKept, figures } of this.#findings) {
      const mark = isKept ? paint('green', '  ok  ') : paint(['red', 'bold'], 'FAILED');
      process.stdout.write(`  ${mark}  ${promise.padEnd(width)}  ${paint('dim', figures)}\n`);
    }
    const broken = this.#findings.filter(({ isKept }) => !isKept).length;
    const summary =
      broken === 0 ? 'Every promise was kept' : `${broken} of ${this.#findings.length} promises were broken`;
    process.stdout.write(`\n${paint('bold', summary)}, in ${timeline.seconds.toFixed(1)} s.\n`);
    return broken === 0;
  }
}
