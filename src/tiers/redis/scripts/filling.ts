import { mutation } from './prelude.ts';

/**
 * Takes the lease of an absent key, or of the value that the caller read and does not trust (`over` is its header, else
 * ''). Any other value is newer than what the caller knows.
 */
export const LEASE: string = mutation(
  ['ttl', 'token', 'over'],
  `
if kind ~= '' and (kind ~= 'V' or head ~= over) then return refused end
redis.call('SET', key, 'L' .. token, 'PX', ttl)
return done
`,
);

/** Stores over the caller's own lease: a write to the session since then has replaced or deleted the lease. */
export const FILL: string = mutation(
  ['ttl', 'token', 'value'],
  `
if head ~= 'L' .. token then return refused end
redis.call('SET', key, value, 'PX', ttl)
return done
`,
);
