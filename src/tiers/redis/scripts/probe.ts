/**
 * Runs every command that the other scripts use, on a key that no reader uses: a missing grant, a full memory, a replica and a
 * failing disk show here first. It has no deadline, because it changes nothing that is read.
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
