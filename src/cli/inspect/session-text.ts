import { spell } from '../../platform/duration.ts';
import { TONE_OF } from '../ring/ring-document.ts';
import type { Terminal } from '../shell/terminal.ts';
import type { DurableReport, EnvelopeReport, NamedKey, PrimaryReport, SessionReport } from './session-report.ts';

/** Writes a report for a person: what each tier has, side by side, and a verdict. */
export function textOfSession(report: SessionReport, terminal: Terminal): string {
  const { handle, storageKey, agree, verdict, primary, durable } = report;
  const tone = agree === null ? 'yellow' : agree ? 'green' : 'red';
  const envelope = durable.envelope ?? primary.envelope;
  return [
    `session   ${handle}  (storage key ${storageKey}…)`,
    `Redis     ${textOfPrimary(primary)}`,
    `database  ${textOfDurable(durable)}`,
    `verdict   ${terminal.style(tone, verdict)}`,
    ...linesOf('envelope of the database', durable.envelope, terminal),
    ...(agree === true && durable.envelope !== null ? [] : linesOf('envelope in Redis', primary.envelope, terminal)),
    ...(durable.row === 'none' || durable.row === 'revoked' ? [] : timesOf(durable, envelope)),
  ].join('\n');
}

function textOfPrimary({ holds, counts, revision, confirmedMsAgo, shard }: PrimaryReport): string {
  if (holds === 'unreached') return 'not reached';
  const server = `shard ${shard ?? ''}, ${counts === true ? 'named by the database' : 'NOT the server that the database names'}`;
  if (holds !== 'value') return `${HOLDINGS[holds]} (${server})`;
  const stamp =
    confirmedMsAgo === null
      ? 'not confirmed since the server began or failed over'
      : `confirmed ${spellMs(confirmedMsAgo)} ago`;
  return `revision ${revision ?? 0}, ${stamp} (${server})`;
}

const HOLDINGS: Readonly<Record<Exclude<PrimaryReport['holds'], 'unreached' | 'value'>, string>> = {
  absent: 'no copy',
  hold: 'a hold: a logout or a login is under way',
  lease: 'a lease: a read is fetching it from the database',
  tombstone: 'a tombstone: it has ended',
};

function textOfDurable({ row, revision }: DurableReport): string {
  switch (row) {
    case 'none':
      return 'no row: it never was, or is deleted already';
    case 'revoked':
      return 'revoked: the row is kept for a while, without its envelope';
    case 'ended':
      return `revision ${revision ?? 0}, past a deadline`;
    case 'living':
      return `revision ${revision ?? 0}, living`;
    default:
      return row satisfies never;
  }
}

function linesOf(heading: string, envelope: EnvelopeReport | null, terminal: Terminal): string[] {
  if (envelope === null) return [];
  const { bytes, dataBytes, alg, revision, key, refusal, lineage } = envelope;
  const data = dataBytes === null ? '' : ` with ${dataBytes} bytes of data`;
  return [
    '',
    `${heading}: ${bytes} bytes${data}, ${alg ?? 'unreadable'}${revision === null ? '' : `, revision ${revision}`}`,
    `  opens    ${refusal === null ? 'yes' : terminal.style('red', `no: ${refusal}`)}`,
    ...(key === null ? [] : [`  key      ${textOfKey(key, terminal)}`]),
    ...(lineage.length > 1 ? [`  lineage  ${lineage.map((each) => textOfKey(each, terminal)).join(', ')}`] : []),
  ];
}

function textOfKey({ keyId, kid, state }: NamedKey, terminal: Terminal): string {
  const shown = state === null ? terminal.style('red', 'not in the ring') : terminal.style(TONE_OF[state], state);
  return `${kid ?? keyId} ${shown}`;
}

function timesOf(row: DurableReport, envelope: EnvelopeReport | null): string[] {
  return [
    '',
    `created ${row.createdAt ?? '-'}, signed in ${envelope?.authenticatedAt ?? 'unknown or never'}`,
    `last seen ${row.lastSeenAt ?? '-'}, ends ${row.idleExpiresAt ?? '-'} without activity (${spell(row.idleLifetimeMs ?? 0)}), ${row.absoluteExpiresAt ?? '-'} in any case`,
    `user key ${row.userKey ?? 'none: no user is signed in'}`,
  ];
}

function spellMs(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : `${Math.round(ms / 1_000)} s`;
}
