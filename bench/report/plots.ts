import { drawOutage } from '../../test/demo/plot.ts';
import { measurementName, OUR_SITES, peerOf, SITE_KEYS, SITES } from '../http/names.ts';
import { ratio, typical, type Rounds } from '../measure/rounds.ts';
import type { Results } from '../results.ts';
import { NAMES } from '../subjects/names.ts';
import { figure, times } from './table.ts';

const COLOURS = {
  ours: '#2f7ed8',
  peer: '#b0b7c3',
  lines: ['#2f7ed8', '#e8a33d', '#3a9d5d', '#8e5bbf'],
  axis: '#000000',
};

/** Returns the plots by file name. */
export function plotsOf({ throughput, outage, growth, http }: Results): Record<string, string> {
  return {
    ...(throughput && { 'throughput.svg': drawThroughput(throughput) }),
    // Redis may have been given up for good; then there is no return to draw.
    ...(outage && Number.isFinite(outage.backAfterMs) && { 'outage.svg': drawOutage(outage.moments) }),
    ...(http && { 'http.svg': drawHttp(http) }),
    ...(growth && { 'growth.svg': drawGrowth(growth) }),
  };
}

const BAR = { height: 18, gap: 6, left: 370, right: 150, top: 40, width: 860 };

interface Bar {
  readonly name: string;
  readonly isOurs: boolean;
  readonly rate: number;
  /** The ratio to the subject in the title. */
  readonly ratio: number;
}

/** Draws one bar for each subject, with its ratio to connect-redis. */
function drawThroughput(rounds: Rounds): string {
  const bars = Object.entries(rounds).map(([name, measured]) => ({
    name,
    isOurs: name.startsWith('holdfast'),
    rate: typical(measured).perSecond,
    ratio: ratio(rounds, name, NAMES.redisRead).median,
  }));
  const title = 'Operations per second on one Node process (and against connect-redis get + touch)';
  return drawBars('Throughput of session stores', title, bars);
}

/** Draws the page view of a signed-in user on every site. */
function drawHttp({ rounds }: NonNullable<Results['http']>): string {
  const bars = [false, true].flatMap((isRedisDown) =>
    SITE_KEYS.flatMap((site) => {
      const name = measurementName(site, 'signedIn', isRedisDown);
      const measured = rounds[name];
      if (measured === undefined) return [];
      return {
        name: `${SITES[site]}${isRedisDown ? ', Redis killed' : ''}`,
        isOurs: OUR_SITES.includes(site),
        rate: typical(measured).perSecond,
        ratio: ratio(rounds, name, measurementName(peerOf(site), 'signedIn', false)).median,
      };
    }),
  );
  const title = 'Page views of signed-in users per second, one server process (and against its connect-redis)';
  return drawBars('Page views per second', title, bars);
}

function drawBars(label: string, title: string, bars: readonly Bar[]): string {
  const max = Math.max(...bars.map(({ rate }) => rate));
  const height = BAR.top + bars.length * (BAR.height + BAR.gap) + 10;
  const body = bars.flatMap(({ name, isOurs, rate, ratio: against }, at) => {
    const y = BAR.top + at * (BAR.height + BAR.gap);
    const width = (rate / max) * (BAR.width - BAR.left - BAR.right);
    return [
      text(BAR.left - 8, y + 13, name, 'end'),
      `<rect x="${BAR.left}" y="${y}" width="${round(width)}" height="${BAR.height}" fill="${isOurs ? COLOURS.ours : COLOURS.peer}"/>`,
      text(BAR.left + width + 6, y + 13, `${figure(Math.round(rate))} (${times(against)})`),
    ];
  });
  return svg(BAR.width, height, label, [text(16, 22, title), ...body]);
}

const GRAPH = { width: 820, height: 320, left: 70, right: 130, top: 40, bottom: 40 };
const LINE_HEIGHT = 14;

/** Draws rates over the number of sessions; both axes are logarithmic, so flat is flat. */
function drawGrowth(growth: NonNullable<Results['growth']>): string {
  const names = Object.keys(growth[0]?.operations ?? {}) as (keyof (typeof growth)[number]['operations'])[];
  const rates = growth.flatMap(({ operations }) => names.map((name) => operations[name].perSecond));
  const sizes = growth.map(({ sessions }) => sessions);
  const x = logarithmic(Math.min(...sizes), Math.max(...sizes), GRAPH.left, GRAPH.width - GRAPH.right);
  const floor = 10 ** Math.floor(Math.log10(Math.min(...rates)));
  const ceiling = 10 ** Math.ceil(Math.log10(Math.max(...rates)));
  const y = logarithmic(floor, ceiling, GRAPH.height - GRAPH.bottom, GRAPH.top);
  const grid = decades(floor, ceiling).flatMap((rate) => [
    `<line x1="${GRAPH.left}" x2="${GRAPH.width - GRAPH.right}" y1="${round(y(rate))}" y2="${round(y(rate))}" stroke="${COLOURS.axis}" stroke-opacity="0.15"/>`,
    text(GRAPH.left - 8, y(rate) + 4, figure(rate), 'end'),
  ]);
  const last = growth.at(-1)?.operations;
  const byRate = names.toSorted((a, b) => (last?.[b].perSecond ?? 0) - (last?.[a].perSecond ?? 0));
  let labelY = Number.NEGATIVE_INFINITY;
  const lines = byRate.flatMap((name, at) => {
    const colour = COLOURS.lines[at] ?? COLOURS.axis;
    const points = growth.map(({ sessions, operations }) => [x(sessions), y(operations[name].perSecond)] as const);
    const [endX = 0, endY = 0] = points.at(-1) ?? [];
    // Where two lines end close to each other, their names stand below one another.
    labelY = Math.max(endY + 4, labelY + LINE_HEIGHT);
    return [
      `<polyline points="${points.map((point) => point.map(round).join(',')).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      text(endX + 8, labelY, `<tspan fill="${colour}">${name}</tspan>`),
    ];
  });
  const ticks = sizes.map((size) => text(x(size), GRAPH.height - GRAPH.bottom + 20, figure(size), 'middle'));
  const title = text(16, 22, 'Operations per second, by sessions in the table');
  return svg(GRAPH.width, GRAPH.height, 'Throughput by number of sessions', [title, ...grid, ...lines, ...ticks]);
}

function logarithmic(min: number, max: number, from: number, to: number): (value: number) => number {
  const span = Math.log(max / min) || 1;
  return (value) => from + (Math.log(value / min) / span) * (to - from);
}

function decades(floor: number, ceiling: number): number[] {
  const count = Math.round(Math.log10(ceiling / floor)) + 1;
  return Array.from({ length: count }, (_, at) => floor * 10 ** at);
}

function svg(width: number, height: number, label: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${label}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, content: string, anchor = 'start'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${content}</text>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
