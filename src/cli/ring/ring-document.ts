import type { KeyRing } from '../../keys/ring/key-ring.ts';
import type { KeyInfo, KeyState } from '../../keys/ring/ring-key.ts';
import type { Outcome } from '../commands/command.ts';
import { KID_SHOWN_CHARS } from '../../limits/cli.ts';
import { formatTable, widthOf, type Column } from '../shell/table.ts';
import type { Terminal, Tone } from '../shell/terminal.ts';

export const TONE_OF: Readonly<Record<KeyState, Tone>> = {
  active: 'green',
  'decrypt-only': 'bold',
  pending: 'yellow',
  retired: 'dim',
  revoked: 'red',
};

/** Returns the public description of a ring: kids, states and times. */
export function documentOf(ring: KeyRing): object {
  return {
    version: ring.version,
    fingerprint: ring.fingerprint().toString('hex'),
    keys: ring.keys().map((key) => ({
      kid: key.kid,
      use: purposeOf(key),
      alg: key.alg,
      state: key.state,
      createdAt: new Date(key.createdAt).toISOString(),
      activatedAt: key.activatedAt === undefined ? null : new Date(key.activatedAt).toISOString(),
    })),
    revokedKids: ring.revokedKids,
  };
}

export function textOf(ring: KeyRing, terminal: Terminal): string {
  const columns = (kid: (key: KeyInfo) => string): Column<KeyInfo>[] => [
    { heading: 'kid', cell: kid },
    { heading: 'use', cell: purposeOf },
    { heading: 'state', cell: ({ state }) => state, style: (text, { state }) => terminal.style(TONE_OF[state], text) },
    { heading: 'alg', cell: ({ alg }) => alg },
    { heading: 'created (UTC)', cell: ({ createdAt }) => timeOf(createdAt) },
    { heading: 'activated', cell: ({ activatedAt }) => (activatedAt === undefined ? '-' : timeOf(activatedAt)) },
  ];
  const heading = `Key ring version ${ring.version}\n\n`;
  const whole = columns(({ kid }) => kid);
  const isTooWide =
    widthOf(
      formatTable(
        ring.keys(),
        whole.map(({ style: _, ...column }) => column),
      ),
    ) > (terminal.columns ?? Infinity);
  const table = formatTable(ring.keys(), isTooWide ? columns(({ kid }) => shortKid(kid)) : whole);
  const remembered = ring.revokedKids.map((kid) => `\nRevoked and removed: ${kid}`).join('');
  return heading + table + remembered;
}

/** Returns the outcome of a change. */
export function changed(ring: KeyRing, before: KeyRing, what: string): Outcome {
  const isChanged = ring !== before && ring.version !== before.version;
  return {
    document: { changed: isChanged, ...documentOf(ring) },
    text: isChanged ? `${what} Ring version ${ring.version}.` : `Nothing to do. Ring version ${ring.version}.`,
  };
}

export function describeKey(key: KeyInfo): string {
  return `${purposeOf(key)} key ${key.kid}`;
}

export function shortKid(kid: string): string {
  return kid.slice(0, KID_SHOWN_CHARS);
}

export function purposeOf({ use }: Pick<KeyInfo, 'use'>): 'data' | 'index' {
  return use === 'enc' ? 'data' : 'index';
}

/** Returns a time in UTC, to the minute. */
function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
