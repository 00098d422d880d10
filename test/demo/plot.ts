import { between, summarize, type Sample } from './measure.ts';
import type { Outage } from './scenes/crash.ts';

const BUCKET_MS = 100;
const WIDTH = 820;
const LEFT = 62;
const RIGHT = 16;
const RATE = { top: 44, height: 120 };
const LATENCY = { top: 206, height: 90 };
const HEIGHT = 342;
const COLOURS = { primary: '#2f7ed8', durable: '#e8a33d', latency: '#444444', mark: '#c0392b' };

interface Bucket {
  readonly at: number;
  readonly primary: number;
  readonly durable: number;
  readonly p99: number;
}

/** Draws the outage as its customers saw it: the tier that answered their reads, and the slowest of all requests. */
export function drawOutage({ samples, from, killedAt, startedAt, servesAt, to }: Outage): string {
  const buckets = bucketsOf(samples, from, to);
  const x = (at: number): number => LEFT + ((at - from) / (to - from)) * (WIDTH - LEFT - RIGHT);
  const rateMax = roundUp(Math.max(...buckets.map(({ primary, durable }) => primary + durable)));
  const latencyMax = roundUp(Math.max(...buckets.map(({ p99 }) => p99)));
  const failed = summarize(between(samples, from, to)).failed;
  const bars = buckets.flatMap(({ at, primary, durable }) => {
    const left = x(at);
    const width = x(at + BUCKET_MS) - left;
    const high = (value: number): number => (value / rateMax) * RATE.height;
    const floor = RATE.top + RATE.height;
    return [
      rect(left, floor - high(primary), width, high(primary), COLOURS.primary),
      rect(left, floor - high(primary) - high(durable), width, high(durable), COLOURS.durable),
    ];
  });
  const line = buckets
    .map(
      ({ at, p99 }) =>
        `${round(x(at + BUCKET_MS / 2))},${round(LATENCY.top + LATENCY.height * (1 - p99 / latencyMax))}`,
    )
    .join(' ');
  const seconds = Array.from({ length: Math.floor((to - from) / 1_000) + 1 }, (_, at) => at);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="Requests during a Redis outage">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(
      LEFT,
      20,
      `Reads per second: <tspan fill="${COLOURS.primary}">answered by Redis</tspan>, <tspan fill="${COLOURS.durable}">answered by the database</tspan>. Failed requests: ${failed}`,
    ),
    ...bars,
    text(LEFT, LATENCY.top - 8, 'Latency of reads and writes, p99 of each tenth of a second, ms'),
    `<polyline points="${line}" fill="none" stroke="${COLOURS.latency}" stroke-width="1.5"/>`,
    ...axis(RATE, rateMax),
    ...axis(LATENCY, latencyMax),
    ...seconds.map((second) =>
      text(x(from + second * 1_000), LATENCY.top + LATENCY.height + 18, `${second} s`, 'middle'),
    ),
    mark(x(killedAt), 'killed', 'end'),
    mark(x(startedAt), 'started with old data', 'end'),
    mark(x(servesAt), `serves again after ${Math.round(servesAt - startedAt)} ms`, 'start'),
    '</svg>',
    '',
  ].join('\n');
}

function bucketsOf(samples: readonly Sample[], from: number, to: number): Bucket[] {
  const perSecond = 1_000 / BUCKET_MS;
  return Array.from({ length: Math.floor((to - from) / BUCKET_MS) }, (_, index) => {
    const at = from + index * BUCKET_MS;
    const inside = between(samples, at, at + BUCKET_MS);
    const by = (tier: string): number => inside.filter(({ servedBy }) => servedBy === tier).length * perSecond;
    return { at, primary: by('primary'), durable: by('durable'), p99: summarize(inside).p99 };
  });
}

function axis({ top, height }: { top: number; height: number }, max: number): string[] {
  return [0, 0.5, 1].flatMap((share) => {
    const y = round(top + height * (1 - share));
    const grid = `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#000000" stroke-opacity="0.15"/>`;
    return [grid, text(LEFT - 8, y + 4, String(max * share), 'end')];
  });
}

function mark(x: number, label: string, anchor: 'end' | 'start'): string {
  const bottom = LATENCY.top + LATENCY.height;
  const line = `<line x1="${round(x)}" x2="${round(x)}" y1="${RATE.top - 12}" y2="${bottom}" stroke="${COLOURS.mark}" stroke-dasharray="3 3"/>`;
  return (
    line +
    text(x + (anchor === 'start' ? 4 : -4), RATE.top - 4, `<tspan fill="${COLOURS.mark}">${label}</tspan>`, anchor)
  );
}

function rect(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"/>`;
}

function text(x: number, y: number, content: string, anchor = 'start'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`;
}

/** The next of 1, 2, 5, 10, 20, 50, … */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

const round = (value: number): number => Math.round(value * 10) / 10;
