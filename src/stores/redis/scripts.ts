/**
 * The scripts. Every one begins with ARGV: 1 the prefix, 2 now by the application's clock.
 * What the server expires by itself is only cleaning up: scripts compare `expiresAt` with that `now`.
 *
 * A server whose memory is full refuses a script whose first write may need memory, and lets the later ones pass. So touches
 * and revocations begin with a write that frees some or none: they must work just then.
 */
import { Script } from "./script.ts";

/** Milliseconds that a key outlives its `expiresAt`: for clocks that differ. */
export const GRACE = 60_000;

/** Milliseconds that an index outlives its last login: no session lives longer than a cookie may, 400 days. */
const INDEX_LIFE: number = 401 * 86_400_000;

/** What scripts have in common; each may use those before it. */
const parts: readonly (readonly [name: string, source: string])[] = [
  [
    "head",
    `local function head(k)
  local h = redis.call('GETRANGE', k, 0, 71)
  if #h == 72 and h:byte(1) ~= 120 then return h end
end`,
  ],
  [
    "live",
    `local function live(k)
  local h = head(k)
  if h and tonumber(h:sub(33, 48)) > now then return h end
end`,
  ],
  [
    "user",
    `local function user(k, h)
  local n = tonumber(h:sub(65, 72))
  if n == 0 then return '' end
  return redis.call('GETRANGE', k, 72, 71 + n)
end`,
  ],
  ["index", "local function index(u) return P .. 'u{' .. u .. '}' end"],
  [
    "name",
    `local function name(m)
  local a, b = m:match('^([%w_%-])([%w_%-])')
  local bucket = a and (a .. string.format('%x', b:byte() % 16)) or '_x'
  return P .. 'r{' .. bucket .. '}' .. m
end`,
  ],
  [
    "enlist",
    `local function enlist(u, created, m)
  redis.call('ZADD', index(u), string.format('%.0f', tonumber(created)), m)
  redis.call('PEXPIRE', index(u), ${INDEX_LIFE})
end`,
  ],
  ["ttl", "local function ttl(ms) return string.format('%.0f', math.max(1, math.min(tonumber(ms), 9e15))) end"],
];

/** With the parts that it calls: making a function costs the server about as much as a read. */
function withParts(body: string): string {
  return parts.reduceRight((text, [name, source]) => (text.includes(`${name}(`) ? `${source}\n${text}` : text), body);
}

const script = (body: string): Script => new Script(`local P, now = ARGV[1], tonumber(ARGV[2])\n${withParts(body)}`);

/** A script with the same beginning. */
export const clusterScript: (body: string) => Script = script;

/** KEYS record; ARGV 3 value, 4 ttl, 5 user, 6 createdAt, 7 member, 8 "1" to keep the index here. 1, or 0 when it exists. */
export const create: Script = script(`
local k, u, m = KEYS[1], ARGV[5], ARGV[7]
if live(k) then return 0 end
if ARGV[8] == '1' then
  local h = head(k)
  local before = h and user(k, h) or ''
  if before ~= '' and before ~= u then redis.call('ZREM', index(before), m) end
  if u ~= '' then enlist(u, ARGV[6], m) end
end
redis.call('SET', k, ARGV[3], 'PX', ttl(ARGV[4]))
return 1`);

/** Compare-and-set of `k`, given `a` and `v`: see `update`. */
const compareAndSet = `local h = redis.call('GETRANGE', k, '0', '199')
local n = 72 + tonumber(v:sub(65, 72))
local now, expected = tonumber(a:sub(1, 16)), a:sub(17, 32)
if h:sub(1, 16) == expected and n <= 200 and h:sub(49, n) == v:sub(49, n) and tonumber(h:sub(33, 48)) > now then
  redis.call('SET', k, v, 'PX', a:sub(34))
  return 1
end
local P, m = k:match('^([^{]*)r{[^}]*}(.*)$')
${withParts(`
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
redis.call('SET', k, v, 'PX', a:sub(34))
return 1`)}`;

/**
 * Compare-and-set, the one write that most requests do: two arguments, and what nearly always holds is decided with one
 * read and no number written out, which takes the server half the time. KEYS record; ARGV 1 three columns (now, expected version, duty
 * of one character) and the ttl, 2 value. Duty is "1" to keep the index here, "0" to refuse what changes it, "2" when it was seen to.
 * 1, also when it was done before (a client sent it again); 0 when gone, 2 when the index must be seen to, or the present value.
 */
export const update: Script = new Script(`local k, a, v = KEYS[1], ARGV[1], ARGV[2]\n${compareAndSet}`);

/**
 * The same one after the other: KEYS n records; ARGV n times what `update` is given. A list of its answers; 3 where it failed. Such a
 * one has changed nothing that doing it again would not do again, and by itself it fails with the server's own error. As the script
 * itself never fails, those before it are told what they did.
 */
export const updateMany: Script = new Script(`
local function one(k, a, v)
${compareAndSet}
end
local answers = {}
for i, k in ipairs(KEYS) do
  local done, answer = pcall(one, k, ARGV[2 * i - 1], ARGV[2 * i])
  answers[i] = done and answer or 3
end
return answers`);

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
redis.call('PUBLISH', P .. 'ended', m)
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
      redis.call('PUBLISH', P .. 'ended', m)
      ended[#ended + 1] = m
    end
  end
end
return ended`);

/** KEYS record, index, epoch, global epoch; ARGV 3 value, 4 ttl, 5 user, 6 createdAt, 7 member, 8 epoch, 9 limit or "", 10 "reject" or not. */
export const admit: Script = script(`
local k, u, m, limit = KEYS[1], ARGV[5], ARGV[7], tonumber(ARGV[9])
local epoch = (redis.call('GET', KEYS[4]) or '0') .. '.' .. (redis.call('GET', KEYS[3]) or '0')
if epoch ~= ARGV[8] then return {'revoked'} end
if live(k) then return {'exists'} end
local alive, dead = {}, {}
for _, other in ipairs(redis.call('ZRANGE', KEYS[2], 0, limit and -1 or 19)) do
  local rk = name(other)
  local h = live(rk)
  if h and user(rk, h) == u then alive[#alive + 1] = other else redis.call('ZREM', KEYS[2], other) end
end
local surplus = limit and math.ceil(#alive + 1 - limit) or 0
if surplus > 0 and ARGV[10] == 'reject' then return {'limit'} end
local answer = {'ok'}
for i = 1, math.min(surplus, #alive) do
  redis.call('DEL', name(alive[i]))
  redis.call('ZREM', KEYS[2], alive[i])
  redis.call('PUBLISH', P .. 'ended', alive[i])
  answer[#answer + 1] = alive[i]
end
local h = head(k)
local before = h and user(k, h) or ''
if before ~= '' and before ~= u then redis.call('ZREM', index(before), m) end
redis.call('SET', k, ARGV[3], 'PX', ttl(ARGV[4]))
enlist(u, ARGV[6], m)
return answer`);

/** KEYS index, epoch; ARGV 3 user, 4 except or "", 5 limit. The members that ended. */
export const removeAll: Script = script(`
redis.call('ZREM', KEYS[1], '')
redis.call('INCR', KEYS[2])
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
          redis.call('PUBLISH', P .. 'ended', m)
          ended[#ended + 1] = m
        end
        redis.call('DEL', k)
      end
      redis.call('ZREM', KEYS[1], m)
    end
  end
end`);

/** Moves an epoch. KEYS the epoch. */
export const bump: Script = script(`
local epoch = tonumber(redis.call('GET', KEYS[1]) or '0') + 1
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], string.format('%.0f', epoch))
return epoch`);

/** Takes out of an index what is not there any more: KEYS index; ARGV 3 user, 4… members. */
export const heal: Script = script(`
for i = 4, #ARGV do
  local k = name(ARGV[i])
  local h = live(k)
  if not (h and user(k, h) == ARGV[3]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return 0`);
