import { HEADER_BYTES, HEADER_LUA_PATTERN } from '../entry-format.ts';

/**
 * What every script is made of. Rules that hold for all of them:
 *
 * - one key, so that they run on any topology;
 * - no command but GETRANGE, SET, SETRANGE, DEL, PEXPIRE, PTTL and TIME, all of which the application's ACL must grant,
 *   because a script's commands are checked like its caller's;
 * - `ARGV[1]` is the last moment, by the server's clock, at which the script may change anything. A command that the
 *   client gave up may still lie in the server's socket buffer and be executed minutes later, when a frozen server
 *   thaws;
 * - the answer is one character and the server's time in milliseconds: the clock estimate is refreshed for free. It is
 *   a string, because integer replies near 2^53 were decoded wrongly (redis/ioredis#2164).
 */

/** First character of an answer. */
export const ANSWERS = { done: '1', refused: '0', late: 'L' } as const;

const CLOCK = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function answer(word) return word .. string.format('%.0f', now) end
local done, refused = '${ANSWERS.done}', '${ANSWERS.refused}'
`;

const DEADLINE = `
if now > tonumber(ARGV[1]) then return answer('${ANSWERS.late}') end
`;

/** Sets `head` and `kind`, which is V, H, L, T or '' for an absent or foreign key. */
const ENTRY = `
local head = redis.call('GETRANGE', KEYS[1], 0, ${HEADER_BYTES - 1})
local kind = string.sub(head, 1, 1)
if kind == 'V' then
  if not string.find(head, '${HEADER_LUA_PATTERN}') then kind = '' end
elseif kind ~= 'H' and kind ~= 'L' and kind ~= 'T' then
  kind = ''
end
`;

/** A script that changes one session's key. */
export function mutation(body: string): string {
  return (CLOCK + DEADLINE + ENTRY + body).trim();
}

/** A script that no deadline binds, because it changes nothing that anybody reads. */
export function unbounded(body: string): string {
  return (CLOCK + body).trim();
}
