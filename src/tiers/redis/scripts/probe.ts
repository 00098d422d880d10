/**
 * Every command that the other scripts use, on a key that nobody reads: a missing grant, a full memory, a replica and a
 * failing disk show here first. No deadline binds it, because it changes nothing that anybody reads.
 *
 * `ARGV`: time to live.
 */
export const PROBE: string = `
redis.call('TIME')
redis.call('SET', KEYS[1], 'P', 'PX', ARGV[1])
redis.call('SETRANGE', KEYS[1], 0, 'P')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('PTTL', KEYS[1])
redis.call('GETRANGE', KEYS[1], 0, 0)
redis.call('DEL', KEYS[1])
`.trim();
