/**
 * The scripts of a Cluster, where a record and its user's index are in different slots.
 *
 * "Recent" is a hash beside the index: a member that was registered or is being evicted, for a minute. Its value is
 * `nonce state time`: P for pending, S for settled, D for one that an eviction has claimed. Times are the server's.
 */
import type { Script } from "./script.ts";
import { GRACE, clusterScript as script } from "./scripts.ts";

/** Milliseconds after registration in which the record may be created. Servers' clocks may differ by the rest of the minute. */
const CREATE_WITHIN = 20_000;

const recent = `
local function clock() local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000) end
local function text(n) return string.format('%.0f', n) end
local function parse(v)
  local nonce, state, at = v:match('^(%S+) (%S) (%d+)$')
  return nonce, state, tonumber(at)
end
`;

/** KEYS index, recent; ARGV 3 how many. Members and their recent values in turn, "" for none. */
export const look: Script = script(`
local answer = {}
for _, m in ipairs(redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[3]) - 1)) do
  answer[#answer + 1] = m
  answer[#answer + 1] = redis.call('HGET', KEYS[2], m) or ''
end
return answer`);

/**
 * Registers a member, before its record is there. KEYS index, epoch, recent; ARGV 3 user, 4 member, 5 createdAt, 6 nonce,
 * 7 own epoch, or "" for any, 8 limit or "", 9 "reject" or not, 10… members found dead, each with its recent value.
 * "ok", the last time to create, and in turn: claimed for eviction, recent value before, recent value now.
 */
export const enter: Script = script(`${recent}
local m, limit, t = ARGV[4], tonumber(ARGV[8]), clock()
if ARGV[7] ~= '' and (redis.call('GET', KEYS[2]) or '0') ~= ARGV[7] then return {'revoked'} end
local states, flat = {}, redis.call('HGETALL', KEYS[3])
for i = 1, #flat, 2 do
  local _, state, at = parse(flat[i + 1])
  if t - at > ${GRACE} then redis.call('HDEL', KEYS[3], flat[i]) else states[flat[i]] = {flat[i + 1], state} end
end
for i = 10, #ARGV, 2 do
  local known = states[ARGV[i]]
  if (known and known[1] or '') == ARGV[i + 1] and not (known and known[2] == 'P') then
    redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
local answer = {'ok', text(t + ${CREATE_WITHIN})}
if limit then
  local alive = {}
  for _, other in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if other ~= m and not (states[other] and states[other][2] == 'D') then alive[#alive + 1] = other end
  end
  local surplus = math.min(math.ceil(#alive + 1 - limit), #alive)
  if #alive + 1 > limit and ARGV[9] == 'reject' then return {'limit'} end
  for i = 1, surplus do
    local claim = ARGV[6] .. ' D ' .. text(t)
    redis.call('HSET', KEYS[3], alive[i], claim)
    answer[#answer + 1] = alive[i]
    answer[#answer + 1] = states[alive[i]] and states[alive[i]][1] or ''
    answer[#answer + 1] = claim
  end
end
redis.call('HSET', KEYS[3], m, ARGV[6] .. ' P ' .. text(t))
redis.call('PEXPIRE', KEYS[3], ${10 * GRACE})
enlist(ARGV[3], ARGV[5], m)
return answer`);

/** The record is there: KEYS index, recent; ARGV 3 user, 4 member, 5 createdAt, 6 nonce. */
export const settle: Script = script(`${recent}
local now = redis.call('HGET', KEYS[2], ARGV[4])
local nonce, state = nil, nil
if now then nonce, state = parse(now) end
if not now or nonce == ARGV[6] then
  enlist(ARGV[3], ARGV[5], ARGV[4])
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[6] .. ' S ' .. text(clock()))
  redis.call('PEXPIRE', KEYS[2], ${10 * GRACE})
end
return 1`);

/** Takes members out whose records are gone for good. KEYS index, recent; ARGV 3… member and nonce, "" for none. */
export const forget: Script = script(`${recent}
for i = 3, #ARGV, 2 do
  local now = redis.call('HGET', KEYS[2], ARGV[i])
  local nonce = now and parse(now) or ''
  if nonce == ARGV[i + 1] then
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('HDEL', KEYS[2], ARGV[i])
  end
end
return 1`);

/** An eviction is called off. KEYS recent; ARGV 3… member, value now, value before. */
export const restore: Script = script(`
for i = 3, #ARGV, 3 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    if ARGV[i + 2] == '' then redis.call('HDEL', KEYS[1], ARGV[i])
    else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2]) end
  end
end
return 1`);

/**
 * Creates a registered record. KEYS record, epoch of its bucket; ARGV 3 value, 4 ttl, 5 user, 6 nonce, 7 global epoch, 8 own epoch,
 * 9 last time. "ok", "late", "revoked", "evicted", or "exists" and its value.
 */
export const createEntered: Script = script(`${recent}
local k = KEYS[1]
if clock() > tonumber(ARGV[9]) then return {'late'} end
if tonumber(redis.call('GET', KEYS[2]) or '0') > tonumber(ARGV[7]) then return {'revoked'} end
if live(k) then return {'exists', redis.call('GET', k)} end
local stone = redis.call('GETRANGE', k, 0, 0) == 'x' and redis.call('GET', k) or ''
if stone == 'xe ' .. ARGV[6] then return {'evicted'} end
local who, epoch = stone:match('^xr (%S+) (%d+)$')
if who == ARGV[5] and tonumber(epoch) > tonumber(ARGV[8]) then return {'revoked'} end
redis.call('SET', k, ARGV[3], 'PX', ttl(ARGV[4]))
return {'ok'}`);

/**
 * Ends the record of a member of a user, or sees to it that a registered one does not come. KEYS record; ARGV 3 user, 4 member,
 * 5 tombstone, or "" when nothing can be on its way. 1 when a live one ended, 2 when there was none and the tombstone is set.
 */
export const kill: Script = script(`
local k, ended = KEYS[1], 0
local h = head(k)
if h and user(k, h) == ARGV[3] then
  if live(k) then
    ended = 1
    redis.call('PUBLISH', P .. 'ended', ARGV[4])
  end
  redis.call('DEL', k)
end
if ARGV[5] ~= '' and not live(k) then
  redis.call('DEL', k)
  redis.call('SET', k, ARGV[5], 'PX', ${GRACE})
  if ended == 0 then ended = 2 end
end
return ended`);

/** Moves a user's epoch. KEYS index, epoch, recent. The epoch, then members and recent values in turn. */
export const revoke: Script = script(`
redis.call('ZREM', KEYS[1], '')
local answer = {string.format('%.0f', redis.call('INCR', KEYS[2]))}
for _, m in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  answer[#answer + 1] = m
  answer[#answer + 1] = redis.call('HGET', KEYS[3], m) or ''
end
return answer`);

/** The global epoch reaches a bucket. KEYS its epoch; ARGV 3 the epoch. */
export const mark: Script = script(`
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[1], ARGV[3])
end
return 1`);
