import type { DurableTier } from '../../../../src/tiers/durable.ts';

export const KEY: Buffer = Buffer.alloc(32, 0xaa);
export const OTHER_KEY: Buffer = Buffer.alloc(32, 0xbb);
export const START: Buffer = Buffer.alloc(0);
const USER_KEY: Buffer = Buffer.alloc(32, 0xcc);
const WRITE_ID: Buffer = Buffer.alloc(16, 0xdd);
const KNOWN: Buffer = Buffer.alloc(40, 0xab);

/** No two values are the same, so that two which are swapped are seen. */
export const record = {
  storageKey: KEY,
  userKey: USER_KEY,
  revision: 2,
  envelope: Buffer.alloc(24, 0xe0),
  keyId: Buffer.alloc(8, 0xee),
  createdAt: 101,
  lastSeenAt: 102,
  idleLifetimeMs: 103,
  idleExpiresAt: 104,
  absoluteExpiresAt: 105,
};
const valid = { writeId: WRITE_ID, validUntil: 109 };
export const write = { ...valid, record, dirty: false, aliveAt: 106, replaces: Buffer.alloc(16, 0xac) };
const move = { ...write, previousStorageKey: OTHER_KEY, regeneratedAt: 107 };
const revoke = { ...valid, storageKey: KEY, revokedAt: 108, dirty: false };
const writtenBy = Buffer.alloc(16, 0xba);
export const many = { ...valid, except: null, after: START, limit: 10, revokedAt: 108 };
const bounds = { endedBefore: 7.5, revokedBefore: 3 };

export type Call = (tier: DurableTier) => Promise<unknown>;
export type Calls = Readonly<Record<string, Call>>;

/** One call of each wording, by part of the contract; its name begins with the method's. */
export const calls = {
  sessions: {
    insert: (tier) => tier.sessions.insert({ ...valid, aliveAt: 106, record }),
    'insert without a user': (tier) =>
      tier.sessions.insert({ ...valid, aliveAt: 106, record: { ...record, userKey: null } }),
    'insert without a deadline': (tier) => tier.sessions.insert({ ...valid, validUntil: null, aliveAt: 106, record }),
    read: (tier) => tier.sessions.read(KEY),
    'read of what is known': (tier) => tier.sessions.read(KEY, KNOWN),
    readState: (tier) => tier.sessions.readState(KEY),
    update: (tier) => tier.sessions.update(write),
    'update of whatever is there': (tier) => tier.sessions.update({ ...write, replaces: null }),
    'update with a mark': (tier) => tier.sessions.update({ ...write, dirty: true }),
    regenerate: (tier) => tier.sessions.regenerate(move),
    'regenerate with a mark': (tier) => tier.sessions.regenerate({ ...move, dirty: true }),
    touch: (tier) => tier.sessions.touch({ storageKey: KEY, lastSeenAt: 102, aliveAt: 106, longestPauseMs: 14 }),
    revoke: (tier) => tier.sessions.revoke(revoke),
    'revoke of what an insert left': (tier) => tier.sessions.revoke({ ...revoke, writtenBy }),
    'revoke with a mark': (tier) => tier.sessions.revoke({ ...revoke, dirty: true }),
    'revoke with a mark of what an insert left': (tier) => tier.sessions.revoke({ ...revoke, dirty: true, writtenBy }),
    'revokeMany of a user': (tier) => tier.sessions.revokeMany({ ...many, of: [USER_KEY, OTHER_KEY] }),
    'revokeMany of a user, except one': (tier) =>
      tier.sessions.revokeMany({ ...many, of: [USER_KEY], except: OTHER_KEY }),
    'revokeMany of everyone': (tier) => tier.sessions.revokeMany({ ...many, of: 'everyone' }),
    'revokeMany of everyone, except one': (tier) =>
      tier.sessions.revokeMany({ ...many, of: 'everyone', except: OTHER_KEY }),
    listByUser: (tier) => tier.sessions.listByUser([USER_KEY, OTHER_KEY], START, 10),
    findRegenerated: (tier) => tier.sessions.findRegenerated(OTHER_KEY, 8),
  },
  feed: {
    markDirty: (tier) => tier.feed.markDirty(KEY),
    'read from a time': (tier) => tier.feed.read(10.5, 11),
    'read after a mark': (tier) => tier.feed.read({ dirtyAt: 10, storageKey: KEY }, 11),
    clear: (tier) => tier.feed.clear(12.5, 13),
  },
  fleet: {
    raiseRing: (tier) => tier.fleet.raiseRing({ version: 3, fingerprint: KEY }),
    heartbeat: (tier) => tier.fleet.heartbeat({ nodeId: WRITE_ID, beat: 4, ringVersion: 3, masters: 'main=ab' }),
    read: (tier) => tier.fleet.read(),
    'nameMasters for the first time': (tier) => tier.fleet.nameMasters(null, 'main=cd.1'),
    'nameMasters anew': (tier) => tier.fleet.nameMasters('main=ab.0', 'main=cd.1'),
    'forget by id': (tier) => tier.fleet.forget(WRITE_ID),
    'forget by age': (tier) => tier.fleet.forget(7.5),
  },
  upkeep: {
    walk: (tier) => tier.upkeep.walk({ after: KEY, limit: 10, aliveAt: 5 }),
    moveUserKey: (tier) => tier.upkeep.moveUserKey({ storageKey: KEY, from: USER_KEY, to: OTHER_KEY }),
    claimSweep: (tier) => tier.upkeep.claimSweep({ passId: WRITE_ID, forMs: 60_000.4 }),
    findEnded: (tier) => tier.upkeep.findEnded({ after: KEY, limit: 10, ...bounds }),
    removeEnded: (tier) => tier.upkeep.removeEnded({ storageKeys: [KEY, OTHER_KEY], ...bounds }),
  },
} as const satisfies Readonly<Record<string, Calls>>;

/** Calls that share a statement when they arrive together. */
export const sharing: Readonly<Record<string, (tier: DurableTier, storageKey: Buffer) => Promise<unknown>>> = {
  insert: (tier, storageKey) => tier.sessions.insert({ ...valid, aliveAt: 106, record: { ...record, storageKey } }),
  read: (tier, storageKey) => tier.sessions.read(storageKey),
  'read of what is known': (tier, storageKey) => tier.sessions.read(storageKey, KNOWN),
  readState: (tier, storageKey) => tier.sessions.readState(storageKey),
  update: (tier, storageKey) => tier.sessions.update({ ...write, record: { ...record, storageKey } }),
  findRegenerated: (tier, storageKey) => tier.sessions.findRegenerated(storageKey, 8),
  touch: (tier, storageKey) => tier.sessions.touch({ storageKey, lastSeenAt: 102, aliveAt: 106, longestPauseMs: 14 }),
};

/** Calls of so many sessions at the same time. */
export function together(call: (tier: DurableTier, storageKey: Buffer) => Promise<unknown>, count: number): Call {
  return (tier) => Promise.all(Array.from({ length: count }, (_, n) => call(tier, Buffer.alloc(32, count - n))));
}
