/**
 * The scripts that every server is told. What the server expires by itself is only cleaning up: scripts compare
 * `expiresAt` with the application's `now`.
 *
 * A server whose memory is full refuses a script whose first write may need memory, and lets the later ones pass. So
 * touches and revocations begin with a write that frees some or none: they must work just then.
 */
import type { Script } from "./script.ts";
import { GRACE, script, scriptOf } from "./script-parts.ts";

/**
 * KEYS record; ARGV 3 value, 4 ttl, 5 user, 6 createdAt, 7 member, 8 "1" to keep the index here. 1, or 0 when it
 * exists.
 */
export const create: Script = script(`
local k = KEYS[1]
if live(k) then return 0 end
if ARGV[8] == '1' then insert(k, ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7])
else redis.call('SET', k, ARGV[3], 'PX', ttl(ARGV[4])) end
return 1`);

/** Compare-and-set of `k`, given `a` and `v`: see `update`. What nearly always holds. */
const comparedAtOnce = `local h = redis.call('GETRANGE', k, '0', '199')
local n = 72 + tonumber(v:sub(65, 72))
local now, expected = tonumber(a:sub(1, 16)), a:sub(17, 32)
if h:sub(1, 16) == expected and n <= 200 and h:sub(49, n) == v:sub(49, n) and tonumber(h:sub(33, 48)) > now
  and h:sub(17, 32) <= v:sub(17, 32) then
  redis.call('SET', k, v, 'PX', a:sub(34))
  return 1
end
local P, m = k:match('^([^{]*)r{[^}]*}(.*)$')`;

/** All that may hold. */
const comparedInFull = `
h = live(k)
if not h then return 0 end
if h:sub(1, 16) ~= expected then
  if h:sub(1, 16) == v:sub(1, 16) then return 1 end
  return redis.call('GET', k)
end
local u, before, duty = v:sub(73, n), user(k, h), a:sub(33, 33)
if before ~= u or (u ~= '' and h:sub(49, 64) ~= v:sub(49, 64)) then
  if duty == '0' then return 2 end
  if duty == '1' then
    if before ~= '' and before ~= u then redis.call('ZREM', index(before), m) end
    if u ~= '' then enlist(u, v:sub(49, 64), m) end
  end
end
local life
v, life = forward(h, v, a:sub(34))
redis.call('SET', k, v, 'PX', life)
return 1`;

/**
 * Compare-and-set, the one write that most requests do: two arguments, and what nearly always holds is decided with one
 * read and no number written out, which takes the server half the time. KEYS record; ARGV 1 three columns (now,
 * expected version, duty of one character) and the ttl, 2 value. Duty is "1" to keep the index here, "0" to refuse what
 * changes it, "2" when it was seen to. 1, also when it was done before (a client sent it again); 0 when gone, 2 when
 * the index must be seen to, or the present value.
 */
export const update: Script = scriptOf(
  `local k, a, v = KEYS[1], ARGV[1], ARGV[2]
${comparedAtOnce}`,
  comparedInFull,
);

/**
 * The same one after the other: KEYS n records; ARGV n times what `update` is given. A list of its answers; 3 where it
 * failed. Such a one has changed nothing that doing it again would not do again, and by itself it fails with the
 * server's own error. As the script itself never fails, those before it are told what they did.
 */
export const updateMany: Script = scriptOf(
  `local function one(k, a, v)
${comparedAtOnce}`,
  comparedInFull,
  `end
local answers = {}
for i, k in ipairs(KEYS) do
  local done, answer = pcall(one, k, ARGV[2 * i - 1], ARGV[2 * i])
  answers[i] = done and answer or 3
end
return answers`,
);

/** An update that is told as an end. KEYS, ARGV and answers are those of `update`. */
export const end: Script = scriptOf(
  `local function one(k, a, v)
${comparedAtOnce}`,
  comparedInFull,
  `end
local P, m = KEYS[1]:match('^([^{]*)r{[^}]*}(.*)$')
local answer = one(KEYS[1], ARGV[1], ARGV[2])
if answer == 1 then redis.pcall('PUBLISH', P .. 'ended', m) end
return answer`,
);

/** KEYS record; ARGV 3 seenAt column, 4 expiresAt column. */
export const touch: Script = script(`
local k = KEYS[1]
local h = live(k)
if not h then return 0 end
local seen, expires = h:sub(17, 32), h:sub(33, 48)
if tonumber(ARGV[3]) > tonumber(seen) then seen = ARGV[3] end
local life = redis.call('PTTL', k)
if tonumber(ARGV[4]) > tonumber(expires) then
  expires = ARGV[4]
  life = tonumber(expires) - now + ${GRACE}
end
redis.call('PEXPIRE', k, ttl(life))
redis.call('SETRANGE', k, 16, seen .. expires)
relist(k, h)
return 1`);

/** KEYS record; ARGV 3 member, 4 "1" to keep the index here. A table: 1 when a live one was there, and its user. */
export const remove: Script = script(`
local k, m = KEYS[1], ARGV[3]
local h = head(k)
if not h then return {0, ''} end
local there, u = live(k), user(k, h)
redis.call('DEL', k)
if ARGV[4] == '1' and u ~= '' then redis.call('ZREM', index(u), m) end
if not there then return {0, u} end
tell(m)
return {1, u}`);

/** Ends what is live among these: KEYS none; ARGV 3… members. Their keys are made here: for a single server. */
export const removeMany: Script = script(`
local ended = {}
for i = 3, #ARGV do
  local m = ARGV[i]
  local k = name(m)
  local h = head(k)
  if h then
    local there, u = live(k), user(k, h)
    redis.call('DEL', k)
    if u ~= '' then redis.call('ZREM', index(u), m) end
    if there then
      tell(m)
      ended[#ended + 1] = m
    end
  end
end
return ended`);

/** Moves an epoch. KEYS the epoch, and its instant where the slot is the same; ARGV 3 the instant. */
export const bump: Script = script(`
redis.call('PERSIST', KEYS[1])
local epoch = step(KEYS[1])
if KEYS[2] then note(KEYS[2], ARGV[3]) end
return epoch`);

/**
 * Says what it was given, and which commands of the scripts this user may not run, which an error in a script does not
 * name. KEYS a name that stays free; ARGV 3 a text. Nothing is written.
 */
export const greet: Script = script(`
local k, missing = KEYS[1], {}
local function try(right, ...)
  local answer = redis.pcall(...)
  local err = type(answer) == 'table' and answer.err or ''
  if err:find('NOPERM') or err:find('ACL failure') or err:find("executing the script can't") then
    missing[#missing + 1] = err:find('channel') and '&' .. P .. 'ended' or right
  end
end
try('+publish', 'PUBLISH', P .. 'ended', '')
try('+get', 'GET', k)
try('+set', 'SET', k, '', 'XX')
try('+del', 'DEL', k)
try('+getrange', 'GETRANGE', k, 0, 0)
try('+setrange', 'SETRANGE', k, 0, '')
try('+persist', 'PERSIST', k)
try('+pexpire', 'PEXPIRE', k, 1)
try('+pttl', 'PTTL', k)
try('+zadd', 'ZADD', k, 'XX', 0, 'm')
try('+zrem', 'ZREM', k, 'm')
try('+zrange', 'ZRANGE', k, 0, 0)
return {k, ARGV[3], 1, missing}`);

/**
 * Does what requests do: writes, reads, deletes, publishes. KEYS one of its own; ARGV 3 what to write. A table of what
 * it read, and of what publishing failed of.
 */
export const probe: Script = script(`
redis.call('SET', KEYS[1], ARGV[3], 'PX', 60000)
local found = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
local told = redis.pcall('PUBLISH', P .. 'ended', '')
return {found, type(told) == 'table' and told.err or ''}`);
