import { styleText } from 'node:util';
import { between, summarize, type Summary } from './measure.ts';
import type { Traffic } from './load.ts';

const TICK_MS = 1_000;
const WIDTH = 108;

type Style = Parameters<typeof styleText>[0];

/** Plain text where nobody looks at it in a terminal. */
export function paint(style: Style, text: string): string {
  return process.stdout.isTTY && !process.env['NO_COLOR'] ? styleText(style, text) : text;
}

/** Prints what happens, with the seconds since the start. */
export class Timeline {
  readonly #start: number = performance.now();
  #cancelTicks = (): void => undefined;

  chapter(title: string): void {
    process.stdout.write(`\n${paint('bold', `── ${title} `.padEnd(WIDTH, '─'))}\n`);
  }

  say(text: string): void {
    const seconds = ((performance.now() - this.#start) / 1_000).toFixed(2).padStart(6);
    process.stdout.write(`${paint('dim', `${seconds} s`)}  ${text}\n`);
  }

  /** Below the line before it: a detail, or what something looks like. */
  show(text: string): void {
    process.stdout.write(`${' '.repeat(10)}${text}\n`);
  }

  /** One line a second on what the customers got. */
  watch(traffic: Traffic): void {
    let since = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      this.say(paint('dim', `· ${describe(summarize(between(traffic.samples, since, now)), now - since)}`));
      since = now;
    }, TICK_MS);
    this.#cancelTicks = () => clearInterval(timer);
  }

  end(): void {
    this.#cancelTicks();
  }

  get seconds(): number {
    return (performance.now() - this.#start) / 1_000;
  }
}

export function describe(summary: Summary, durationMs: number): string {
  const rate = Math.round((summary.count / durationMs) * 1_000);
  const redis = Math.round(summary.primaryShare * 100);
  return (
    `${String(rate).padStart(4)} requests/s · reads: ${String(redis).padStart(3)} % Redis, ${String(100 - redis).padStart(3)} % database · ` +
    `p50 ${ms(summary.p50)}  p99 ${ms(summary.p99)}  max ${ms(summary.max)} · ${summary.failed} failed`
  );
}

export const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
