import { HEADER_BYTES, HEADER_LUA_PATTERN } from '../entry-format.ts';

/**
 * The frame of every script that changes sessions. Rules that hold for all of them:
 *
 * - any number of keys, each changed by itself and as if it were alone: one that fails fails alone. The same key may come
 *   again, and meets what its turn before has left;
 * - no command but GETRANGE, SET, SETRANGE, DEL, PEXPIRE, PTTL and TIME, all of which the application's ACL must grant,
 *   because a script's commands are checked like its caller's;
 * - `ARGV[1]` is the last moment, by the server's clock, at which the script may change anything. A command that the
 *   client gave up may still lie in the server's socket buffer and be executed minutes later, when a frozen server
 *   thaws. The parameters of each key follow, in the order of the keys;
 * - the answer is one string of lines: a character for each key; the server's time in milliseconds, so that the clock
 *   estimate is refreshed for free; and a line for each key that failed. An array took longer to make and to read.
 */

/** The outcomes of a key. */
export const OUTCOMES = { done: '1', refused: '0', late: 'L', failed: 'E' } as const;

const CLOCK = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local isLate = now > tonumber(ARGV[1])
`;

/**
 * Sets `head` and `kind`, which is V, H, L, T or '' for an absent or foreign key. A key of another type than a string, which no
 * command here could change, is deleted: it would fail every write to this session, and each failure takes Redis out of use.
 */
const ENTRY = `
local head = redis.pcall('GETRANGE', key, 0, ${HEADER_BYTES - 1})
if type(head) == 'table' then
  if string.sub(head.err, 1, 9) ~= 'WRONGTYPE' then return head end
  redis.call('DEL', key)
  head = ''
end
local kind = string.sub(head, 1, 1)
if kind == 'V' then
  if not string.find(head, '${HEADER_LUA_PATTERN}') then kind = '' end
elseif kind ~= 'H' and kind ~= 'L' and kind ~= 'T' then
  kind = ''
end
`;

/** A script that changes the keys of sessions: `body` changes one, `key`, and answers `done`, `refused` or an error. */
export function mutation(parameters: readonly string[], body: string): string {
  const given = parameters.map((_, at) => `ARGV[first + ${at}]`);
  return `${CLOCK}
local done, refused = '${OUTCOMES.done}', '${OUTCOMES.refused}'
local function change(key, ${parameters.join(', ')})
${ENTRY}${body}end
local outcomes, errors = {}, ''
for at = 1, #KEYS do
  local first = 2 + (at - 1) * ${parameters.length}
  local outcome, _ = '${OUTCOMES.late}', nil
  if not isLate then _, outcome = pcall(change, KEYS[at], ${given.join(', ')}) end
  if type(outcome) == 'table' then outcome = outcome.err end
  if #outcome > 1 then
    errors = errors .. '\\n' .. outcome
    outcome = '${OUTCOMES.failed}'
  end
  outcomes[at] = outcome
end
return table.concat(outcomes) .. '\\n' .. string.format('%.0f', now) .. errors
`.trim();
}
