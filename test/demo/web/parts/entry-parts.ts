import { envelopeParts } from './envelope-parts.ts';
import { moment, part, type Part } from './part.ts';

/** The places in a value of Redis, as src/tiers/redis/entry-format.ts has them. */
const PLACES = {
  kind: 0,
  revision: 1,
  incarnation: 17,
  stampedAt: 25,
  lastSeenAt: 38,
  idleExpiresAt: 51,
  envelope: 64,
};

const OTHERS: Readonly<Record<string, string>> = {
  T: 'a tombstone: this session has ended',
  H: 'a hold: a write is under way, ask the database',
  L: 'a lease: somebody is fetching it from the database',
};

/** An entry of Redis, part by part; its key first. */
export function entryParts(key: string, value: Buffer | null): Part[] {
  const at = key.lastIndexOf(':') + 1;
  const name = [
    part('key: prefix', Buffer.from(key.slice(0, at)), 'clear', `"${key.slice(0, at)}": a session of the shop`),
    part(
      'key: storage key',
      Buffer.from(key.slice(at)),
      'hashed',
      'nothing: SHA-256 of the session id, as base64url. It does not lead back',
    ),
  ];
  if (value === null) return name;
  const kind = String.fromCharCode(value[0] ?? 0);
  if (kind !== 'V') return [...name, part('entry', value, 'clear', OTHERS[kind] ?? 'something else')];
  const text = (from: number, to: number): string => value.toString('latin1', from, to);
  const slice = (from: number, to: number): Buffer => value.subarray(from, to);
  const time = (from: number, to: number): string => moment(Number(text(from, to)));
  const { revision, incarnation, stampedAt, lastSeenAt, idleExpiresAt, envelope } = PLACES;
  return [
    ...name,
    part('entry', slice(0, revision), 'clear', '"V": a copy of a session'),
    part(
      'revision',
      slice(revision, incarnation),
      'clear',
      `${Number(text(revision, incarnation))}: how often it was written`,
    ),
    part(
      'incarnation',
      slice(incarnation, stampedAt),
      'clear',
      `"${text(incarnation, stampedAt)}": in which life of this Redis it was stamped`,
    ),
    part('stamped', slice(stampedAt, lastSeenAt), 'clear', time(stampedAt, lastSeenAt)),
    part('last seen', slice(lastSeenAt, idleExpiresAt), 'clear', time(lastSeenAt, idleExpiresAt)),
    part('idle until', slice(idleExpiresAt, envelope), 'clear', time(idleExpiresAt, envelope)),
    ...envelopeParts(value.subarray(envelope)),
  ];
}

/** Returns the revision of a copy; undefined for other entries. */
export function decodeRevision(value: Buffer): number | undefined {
  if (value[0] !== 'V'.charCodeAt(0)) return undefined;
  return Number(value.toString('latin1', PLACES.revision, PLACES.incarnation));
}
