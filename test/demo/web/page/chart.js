import { byId, wantsCalm } from './dom.js';

const SHOWN_MS = 30_000;
const SUMMED_MS = 5_000;
/** The scale is logarithmic. */
const SLOWEST_MS = 1_000;
const FASTEST_MS = 0.3;
const LINES_MS = [1, 10, 100, 1_000];
/** With less motion the picture changes once a second, and does not slide. */
const CALM_FRAME_MS = 1_000;
const FRAME_MS = 50;
const LEFT = 46;

const canvas = byId('calls');
const text = byId('chart-text');
let calls = [];
let drawnAt = 0;

export function addCalls(more) {
  calls.push(...more);
  if (calls.length > 4_000) calls = calls.filter(({ at }) => at > Date.now() - SHOWN_MS);
}

/** Draws while the page is visible. */
export function startChart() {
  const frame = () => {
    const now = performance.now();
    if (now - drawnAt >= (wantsCalm.matches ? CALM_FRAME_MS : FRAME_MS)) {
      drawnAt = now;
      draw();
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  setInterval(summarize, 1_000);
}

function draw() {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(name).trim();
  const place = scale(width, height);
  drawLines(context, place, width, { line: colour('--line'), text: colour('--quiet') });
  const colours = {
    primary: colour('--redis'),
    durable: colour('--database'),
    failed: colour('--failed'),
    ring: colour('--ink'),
  };
  const from = Date.now() - SHOWN_MS;
  for (const call of calls) if (call.at > from) drawCall(context, place, call, colours);
  canvas.dataset.frames = String(Number(canvas.dataset.frames ?? 0) + 1);
}

function scale(width, height) {
  const now = Date.now();
  const span = Math.log10(SLOWEST_MS / FASTEST_MS);
  return {
    x: (at) => width - 6 - ((now - at) / SHOWN_MS) * (width - LEFT - 6),
    y: (ms) => {
      const share = Math.log10(Math.min(Math.max(ms, FASTEST_MS), SLOWEST_MS) / FASTEST_MS) / span;
      return height - 8 - share * (height - 18);
    },
  };
}

function drawLines(context, place, width, colours) {
  context.font = '11px system-ui, sans-serif';
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const ms of LINES_MS) {
    const y = Math.round(place.y(ms)) + 0.5;
    context.strokeStyle = colours.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(LEFT, y);
    context.lineTo(width, y);
    context.stroke();
    context.fillStyle = colours.text;
    context.fillText(ms < 1_000 ? `${ms} ms` : '1 s', LEFT - 6, y);
  }
}

/** Shapes differ as well as colours. */
function drawCall(context, place, { at, ms, servedBy, failure, isMine }, colours) {
  const x = place.x(at);
  if (x < LEFT) return;
  const y = place.y(ms);
  const size = isMine ? 5 : 2.5;
  const by = failure === undefined ? servedBy : 'failed';
  if (by === undefined) return;
  context.fillStyle = colours[by];
  context.strokeStyle = colours[by];
  context.beginPath();
  if (by === 'primary') context.arc(x, y, size, 0, 2 * Math.PI);
  else if (by === 'durable') context.rect(x - size, y - size, 2 * size, 2 * size);
  else {
    context.lineWidth = 2;
    context.moveTo(x - size - 1, y - size - 1);
    context.lineTo(x + size + 1, y + size + 1);
    context.moveTo(x + size + 1, y - size - 1);
    context.lineTo(x - size - 1, y + size + 1);
    context.stroke();
    return;
  }
  context.fill();
  if (!isMine) return;
  context.strokeStyle = colours.ring;
  context.lineWidth = 1.5;
  context.stroke();
}

/** The same in words. It is not a live region: once a second would be shouting. */
function summarize() {
  const lately = calls.filter(({ at }) => at > Date.now() - SUMMED_MS);
  if (lately.length === 0) return;
  const reads = lately.filter(({ kind, failure }) => kind === 'read' && failure === undefined);
  const byRedis = reads.filter(({ servedBy }) => servedBy === 'primary').length;
  const times = lately.map(({ ms }) => ms).sort((a, b) => a - b);
  const middle = times[Math.floor(times.length / 2)];
  const failed = lately.filter(({ failure }) => failure !== undefined).length;
  const share = reads.length === 0 ? 'no reads' : `${Math.round((100 * byRedis) / reads.length)} % of reads from Redis`;
  text.textContent = `Last 5 s: ${lately.length} calls, ${share}, half within ${middle.toFixed(1)} ms, the slowest ${Math.round(times.at(-1))} ms, ${failed} failed.`;
}
