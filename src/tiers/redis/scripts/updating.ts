import { PLACES } from '../entry-format.ts';
import { mutation } from './prelude.ts';

/** Lua counts from one, and both ends belong to the range. */
const luaRange = (start: number, end: number): string => `${start + 1}, ${end}`;

const REVISION = luaRange(PLACES.revision, PLACES.incarnation);
const INCARNATION = luaRange(PLACES.incarnation, PLACES.stampedAt);
const STAMPED_AT = luaRange(PLACES.stampedAt, PLACES.lastSeenAt);
const LAST_SEEN_AT = luaRange(PLACES.lastSeenAt, PLACES.idleExpiresAt);
const IDLE_EXPIRES_AT = luaRange(PLACES.idleExpiresAt, PLACES.envelope);

/**
 * Replaces a value of a lower revision, and breaks a lease, whose owner may have read the row before this write. Where
 * the server has no memory for the new value, at least the old one goes: DEL is granted when SET is refused with OOM.
 *
 * `ARGV`: deadline, time to live, value.
 */
export const PUBLISH: string = mutation(`
if kind == 'L' then redis.call('DEL', KEYS[1]) end
if kind ~= 'V' or string.sub(head, ${REVISION}) >= string.sub(ARGV[3], ${REVISION}) then return answer(refused) end
local stored = redis.pcall('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
if stored.err then
  redis.pcall('DEL', KEYS[1])
  return stored
end
return answer(done)
`);

/**
 * Confirms a value of the same revision; an older one is stale and goes. Stamp, times and time to live only grow, but
 * for a stamp of another incarnation, whose clock says nothing.
 *
 * `ARGV`: deadline, time to live, header.
 */
export const RESTAMP: string = mutation(`
if kind ~= 'V' then return answer(refused) end
local new = ARGV[3]
local stored, known = string.sub(head, ${REVISION}), string.sub(new, ${REVISION})
if stored < known then redis.call('DEL', KEYS[1]) end
if stored ~= known then return answer(refused) end
local function later(a, b) if a > b then return a end return b end
local life, at = string.sub(new, ${INCARNATION}), string.sub(new, ${STAMPED_AT})
if string.sub(head, ${INCARNATION}) == life then at = later(string.sub(head, ${STAMPED_AT}), at) end
redis.call('SETRANGE', KEYS[1], ${PLACES.incarnation}, life .. at
  .. later(string.sub(head, ${LAST_SEEN_AT}), string.sub(new, ${LAST_SEEN_AT}))
  .. later(string.sub(head, ${IDLE_EXPIRES_AT}), string.sub(new, ${IDLE_EXPIRES_AT})))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return answer(done)
`);

/**
 * Deletes a value that is known to be stale, and any lease, whose owner may have read the stale row.
 *
 * `ARGV`: deadline, lowest revision that stays.
 */
export const EVICT: string = mutation(`
if kind ~= 'L' and (kind ~= 'V' or string.sub(head, ${REVISION}) >= ARGV[2]) then return answer(refused) end
redis.call('DEL', KEYS[1])
return answer(done)
`);
