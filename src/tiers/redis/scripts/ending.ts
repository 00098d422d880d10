import { mutation } from './prelude.ts';

/**
 * Keeps everything out of the key while a destroy or a regenerate is in flight. A tombstone stays one.
 *
 * Where the server has no memory for the hold, value and lease go all the same: readers then find nothing to serve and
 * nothing to fill.
 *
 * `ARGV`: deadline, time to live.
 */
export const HOLD: string = mutation(`
if kind == 'T' then return answer(refused) end
if kind == 'H' then
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return answer(done)
end
local stored = redis.pcall('SET', KEYS[1], 'H', 'PX', ARGV[2])
if stored.err then
  redis.pcall('DEL', KEYS[1])
  return stored
end
return answer(done)
`);

/**
 * Ends the key's life whatever it holds; the longer time to live wins. Where the server has no memory, a value or a
 * lease is deleted: a dead session must not stay readable. A hold stays until its time is over, as it protects better
 * than nothing does.
 *
 * `ARGV`: deadline, time to live.
 */
export const TOMBSTONE: string = mutation(`
if kind == 'T' then
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return answer(done)
end
local stored = redis.pcall('SET', KEYS[1], 'T', 'PX', ARGV[2])
if stored.err then
  if kind ~= 'H' then redis.pcall('DEL', KEYS[1]) end
  return stored
end
return answer(done)
`);
