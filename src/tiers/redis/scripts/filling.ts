import { mutation } from './prelude.ts';

/**
 * Takes the lease of an absent key, or of the value that the caller read and does not trust. Any other value is newer
 * than what the caller knows.
 *
 * `ARGV`: deadline, time to live, token, header of the value that was read or ''.
 */
export const LEASE: string = mutation(`
if kind ~= '' and (kind ~= 'V' or head ~= ARGV[4]) then return answer(refused) end
redis.call('SET', KEYS[1], 'L' .. ARGV[3], 'PX', ARGV[2])
return answer(done)
`);

/**
 * Stores over the caller's own lease: whoever changed the session since has replaced or deleted it.
 *
 * `ARGV`: deadline, time to live, token, value.
 */
export const FILL: string = mutation(`
if head ~= 'L' .. ARGV[3] then return answer(refused) end
redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[2])
return answer(done)
`);
