import { TONE_OF } from '../ring/ring-document.ts';
import { formatTable } from '../shell/table.ts';
import type { Terminal, Tone } from '../shell/terminal.ts';
import type { NodeReport, StatsReport } from './stats-report.ts';

/** Writes the statistics for a person. */
export function textOfStats({ namespace, rows, keys, fleet, feed }: StatsReport, terminal: Terminal): string {
  const about = rows.exact ? '' : 'about ';
  const { sizes } = rows;
  const looked = rows.exact
    ? `${rows.lookedAt} rows looked at`
    : `estimated from ${rows.lookedAt} rows; --exact counts all`;
  return [
    `Namespace "${namespace}": ${about}${rows.living} living sessions, ${about}${rows.withUser} of them with a user (${looked})`,
    `${about}${rows.ended} ended rows wait for the sweep`,
    ...(sizes === null
      ? []
      : [`Envelopes: median ${sizes.median} bytes, p99 ${sizes.p99}, largest ${sizes.largest} (of ${sizes.sample})`]),
    `Dirty feed: ${feed.marks}${feed.more ? ' or more' : ''} marks${feed.oldestSecondsAgo === null ? '' : `, the oldest of ${feed.oldestSecondsAgo} s ago`}`,
    ...(keys.length === 0 ? [] : ['', tableOfKeys(keys, terminal)]),
    '',
    `Key ring in use: version ${fleet.ring ?? '-'}. Redis that counts: ${spellServers(fleet.redis)}`,
    '',
    tableOfNodes(fleet.nodes, terminal),
  ].join('\n');
}

function tableOfKeys(keys: StatsReport['keys'], terminal: Terminal): string {
  return formatTable(keys, [
    { heading: 'key id', cell: ({ keyId }) => keyId },
    { heading: 'sessions', cell: ({ sessions }) => String(sessions), align: 'right' },
    {
      heading: 'state',
      cell: ({ state }) => state ?? 'not in the ring',
      style: (text, { state }) => terminal.style(state === null ? 'red' : TONE_OF[state], text),
    },
    { heading: 'kid', cell: ({ kid }) => kid ?? '-' },
  ]);
}

const REDIS_TONE: Readonly<Record<NodeReport['redis'], Tone>> = { named: 'green', none: 'yellow', other: 'red' };

function tableOfNodes(nodes: readonly NodeReport[], terminal: Terminal): string {
  return formatTable(nodes, [
    { heading: 'node', cell: ({ node }) => node },
    { heading: 'ring', cell: ({ ring }) => String(ring), align: 'right' },
    { heading: 'seen', cell: ({ secondsAgo }) => `${secondsAgo} s ago`, align: 'right' },
    {
      heading: 'Redis',
      cell: ({ redis }) => redis,
      style: (text, { redis }) => terminal.style(REDIS_TONE[redis], text),
    },
    { heading: '', cell: ({ alive, self }) => (self ? 'this command' : alive ? '' : 'silent') },
  ]);
}

function spellServers(servers: Readonly<Record<string, string>>): string {
  const names = Object.entries(servers).map(([shard, incarnation]) => `${shard} ${incarnation}`);
  return names.length === 0 ? 'none is named yet' : names.join(', ');
}
