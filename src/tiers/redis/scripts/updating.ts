import { ENVELOPE_TAG_BYTES } from '../../../limits/codec.ts';
import { PLACES } from '../entry-format.ts';
import { mutation } from './prelude.ts';

/** Lua counts from one, and both ends belong to the range. */
const luaRange = (start: number, end: number): string => `${start + 1}, ${end}`;

const REVISION = luaRange(PLACES.revision, PLACES.incarnation);
const INCARNATION = luaRange(PLACES.incarnation, PLACES.stampedAt);
const STAMPED_AT = luaRange(PLACES.stampedAt, PLACES.lastSeenAt);
const LAST_SEEN_AT = luaRange(PLACES.lastSeenAt, PLACES.idleExpiresAt);
const IDLE_EXPIRES_AT = luaRange(PLACES.idleExpiresAt, PLACES.envelope);
/** The end of an entry, its tag: two envelopes of one revision are the same if it is. */
const STORED_TAG = `redis.call('GETRANGE', key, -${ENVELOPE_TAG_BYTES}, -1)`;

/**
 * Replaces a value of a lower revision, or another envelope of the same one (the database lost a commit), and breaks a lease, whose
 * owner may have read the row before this write. Where the server has no memory for the new value, at least the old one goes: DEL is
 * granted when SET is refused with OOM.
 */
export const PUBLISH: string = mutation(
  ['ttl', 'value'],
  `
if kind == 'L' then redis.call('DEL', key) end
if kind ~= 'V' then return refused end
local has, gets = string.sub(head, ${REVISION}), string.sub(value, ${REVISION})
if has > gets or (has == gets and ${STORED_TAG} == string.sub(value, -${ENVELOPE_TAG_BYTES})) then return refused end
local stored = redis.pcall('SET', key, value, 'PX', ttl)
if stored.err then
  redis.pcall('DEL', key)
  return stored
end
return done
`,
);

/**
 * Confirms the envelope with this revision and tag; one of an older revision, or another one of the same, is stale and goes. Stamp, times
 * and time to live only grow, except for a stamp of another incarnation, whose clock says nothing, and one beyond the server's present:
 * its clock was ahead, and the copy would not be believed until it gets there.
 */
export const RESTAMP: string = mutation(
  ['ttl', 'header', 'tag'],
  `
if kind ~= 'V' then return refused end
local stored, known = string.sub(head, ${REVISION}), string.sub(header, ${REVISION})
if stored > known then return refused end
if stored < known or ${STORED_TAG} ~= tag then
  redis.call('DEL', key)
  return refused
end
local function later(a, b) if a > b then return a end return b end
local incarnation, stamp = string.sub(header, ${INCARNATION}), string.sub(header, ${STAMPED_AT})
local before = string.sub(head, ${STAMPED_AT})
if string.sub(head, ${INCARNATION}) == incarnation and tonumber(before) <= now then stamp = later(before, stamp) end
redis.call('SETRANGE', key, ${PLACES.incarnation}, incarnation .. stamp
  .. later(string.sub(head, ${LAST_SEEN_AT}), string.sub(header, ${LAST_SEEN_AT}))
  .. later(string.sub(head, ${IDLE_EXPIRES_AT}), string.sub(header, ${IDLE_EXPIRES_AT})))
if redis.call('PTTL', key) < tonumber(ttl) then redis.call('PEXPIRE', key, ttl) end
return done
`,
);

/** Deletes a value of a revision below `lowest`, known to be stale, and any lease, whose owner may have read the stale row. */
export const EVICT: string = mutation(
  ['lowest'],
  `
if kind ~= 'L' and (kind ~= 'V' or string.sub(head, ${REVISION}) >= lowest) then return refused end
redis.call('DEL', key)
return done
`,
);
