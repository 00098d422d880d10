import { mutation } from './prelude.ts';

/**
 * Keeps everything out of the key while a destroy or a regenerate is in flight. A tombstone stays one.
 *
 * Where the server has no memory for the hold, value and lease go all the same: readers then find nothing to serve and
 * nothing to fill.
 */
export const HOLD: string = mutation(
  ['ttl'],
  `
if kind == 'T' then return refused end
if kind == 'H' then
  if redis.call('PTTL', key) < tonumber(ttl) then redis.call('PEXPIRE', key, ttl) end
  return done
end
local stored = redis.pcall('SET', key, 'H', 'PX', ttl)
if stored.err then
  redis.pcall('DEL', key)
  return stored
end
return done
`,
);

/**
 * Makes the key a tombstone whatever it holds; the longer time to live wins. Where the server has no memory, a value or a
 * lease is deleted: a dead session must not stay readable. A hold stays until its time is over, as it protects better
 * than nothing does.
 */
export const TOMBSTONE: string = mutation(
  ['ttl'],
  `
if kind == 'T' then
  if redis.call('PTTL', key) < tonumber(ttl) then redis.call('PEXPIRE', key, ttl) end
  return done
end
local stored = redis.pcall('SET', key, 'T', 'PX', ttl)
if stored.err then
  if kind ~= 'H' then redis.pcall('DEL', key) end
  return stored
end
return done
`,
);
