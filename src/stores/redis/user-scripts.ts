/** The scripts of a single server that are about a user: they reach the records and the index alike. */
import type { Script } from "./script.ts";
import { script } from "./script-parts.ts";

/** Whether a login has been revoked: KEYS from `at` on the epoch, the global one, the instants of both. */
const revoked = (at: number, epoch: string, since: string): string => `
local epoch = (redis.call('GET', KEYS[${at + 1}]) or '0') .. '.' .. (redis.call('GET', KEYS[${at}]) or '0')
if epoch ~= ${epoch} or predates(${since}, redis.call('GET', KEYS[${at + 2}]))
  or predates(${since}, redis.call('GET', KEYS[${at + 3}])) then
  return {'revoked'}
end`;

/**
 * KEYS record, index, epoch, global epoch, instant, global instant; ARGV 3 value, 4 ttl, 5 user, 6 createdAt, 7 member,
 * 8 epoch, 9 limit or "", 10 "reject" or not, 11 since or "". "ok" and who was evicted, or why not.
 */
export const admit: Script = script(`
${revoked(3, "ARGV[8]", "ARGV[11]")}
if live(KEYS[1]) then return {'exists'} end
local answer = room(KEYS[2], ARGV[5], tonumber(ARGV[9]), ARGV[10] == 'reject')
if not answer then return {'limit'} end
insert(KEYS[1], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7])
return answer`);

/**
 * KEYS and ARGV as for `admit`, with an epoch of "" for no admission; KEYS 7 the old record; ARGV 12 its member, 13 its
 * version column, 14 what to leave there, 15 the ttl of that. Answers like `admit`, or "gone", or "conflict" and the
 * present value. One that was sent again finds its own work.
 */
export const replace: Script = script(`
local old, m, stone = KEYS[7], ARGV[12], ARGV[14]
local was = live(old)
if not was then return {'gone'} end
if was:sub(1, 16) ~= ARGV[13] then
  if was:sub(1, 16) == stone:sub(1, 16) then return {'ok'} end
  return {'conflict', redis.call('GET', old)}
end
local admitted = ARGV[8] ~= ''
if admitted then
${revoked(3, "ARGV[8]", "ARGV[11]")}
end
if live(KEYS[1]) then return {'exists'} end
local answer = {'ok'}
if admitted then answer = room(KEYS[2], ARGV[5], tonumber(ARGV[9]), ARGV[10] == 'reject', m) end
if not answer then return {'limit'} end
insert(KEYS[1], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7])
local whose, life = user(old, was), ARGV[15]
if whose ~= '' then redis.call('ZREM', index(whose), m) end
stone, life = forward(was, stone, life)
redis.call('SET', old, stone, 'PX', life)
tell(m)
return answer`);

/**
 * KEYS index, epoch, instant, and the record that stays, if any does; ARGV 3 user, 4 its member or "", 5 limit, 6 the
 * instant. The members that ended; nil, and nothing done, when the one that should stay is not there.
 */
export const removeAll: Script = script(`
if ARGV[4] ~= '' then
  local h = live(KEYS[4])
  if not (h and user(KEYS[4], h) == ARGV[3]) then return false end
end
redis.call('ZREM', KEYS[1], '')
step(KEYS[2])
note(KEYS[3], ARGV[6])
local ended, from = {}, 0
while true do
  local members = redis.call('ZRANGE', KEYS[1], from, from + 99)
  if #members == 0 then return ended end
  for _, m in ipairs(members) do
    if #ended >= tonumber(ARGV[5]) then return ended end
    if m == ARGV[4] then
      from = from + 1
    else
      local k = name(m)
      local h = head(k)
      if h and user(k, h) == ARGV[3] then
        if live(k) then
          tell(m)
          ended[#ended + 1] = m
        end
        redis.call('DEL', k)
      end
      redis.call('ZREM', KEYS[1], m)
    end
  end
end`);

/** Takes out of an index what is not there any more: KEYS index; ARGV 3 user, 4… members. */
export const heal: Script = script(`
for i = 4, #ARGV do
  local k = name(ARGV[i])
  local h = live(k)
  if not (h and user(k, h) == ARGV[3]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return 0`);
