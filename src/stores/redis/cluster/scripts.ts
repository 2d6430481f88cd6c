/**
 * The scripts of a Cluster, where a record and its user's index are in different slots.
 *
 * "Recent" is a hash beside the index: a member that was registered, or is being ended, for a minute. Its value is
 * `nonce state time claim`: the registration's nonce or "-", P for pending or S for settled, and who is about to end
 * it: "-" for nobody, the nonce of the login that evicts it, or `all:` and the nonce of a revocation that spares one.
 * Times are the server's.
 */
import type { Script } from "../script.ts";
import { GRACE, script } from "../script-parts.ts";

/**
 * Milliseconds after registration in which the record may be created. Servers' clocks may differ by the rest of the
 * minute.
 */
const CREATE_WITHIN = 20_000;

const recent = `
local function clock() local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000) end
local function text(n) return string.format('%.0f', n) end
local function parse(v)
  local nonce, state, at, claim = v:match('^(%S+) (%S) (%d+) (%S+)$')
  return nonce, state, tonumber(at), claim
end
`;

/** KEYS index, recent; ARGV 3 how many. Members and their recent values in turn, "" for none. */
export const readMembers: Script = script(`
local answer = {}
for _, m in ipairs(redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[3]) - 1)) do
  answer[#answer + 1] = m
  answer[#answer + 1] = redis.call('HGET', KEYS[2], m) or ''
end
return answer`);

/**
 * Registers a member, before its record is there. KEYS index, epoch, recent, instant; ARGV 3 user, 4 member, 5
 * createdAt, 6 nonce, 7 own epoch, or "" for any, 8 limit or "", 9 "reject" or not, 10 patience, 11 since or "", 12…
 * members that were read, each with its recent value and "1" for a live one. "ok", the last time to create, and in
 * turn: claimed for eviction, recent value before. "busy" when another registration of the member is under way, or when
 * the answer hangs on a member that was not seen: one registered since, or pending for less than the patience. So those
 * that count were all alive in the moment in which the index was read.
 */
export const register: Script = script(`${recent}
local m, limit, t = ARGV[4], tonumber(ARGV[8]), clock()
if ARGV[7] ~= '' and (redis.call('GET', KEYS[2]) or '0') ~= ARGV[7] then return {'revoked'} end
if predates(ARGV[11], redis.call('GET', KEYS[4])) then return {'revoked'} end
local states, flat = {}, redis.call('HGETALL', KEYS[3])
for i = 1, #flat, 2 do
  local nonce, state, at, claim = parse(flat[i + 1])
  if not at or t - at > ${GRACE} then redis.call('HDEL', KEYS[3], flat[i])
  else states[flat[i]] = {value = flat[i + 1], nonce = nonce, pending = state == 'P', at = at, claimed = claim ~= '-'} end
end
local own = states[m]
if own and (own.pending or own.claimed) then return {'busy'} end
local seen, patience = {}, tonumber(ARGV[10])
for i = 12, #ARGV, 3 do
  local known = states[ARGV[i]]
  if (known and known.value or '') == ARGV[i + 1] then
    seen[ARGV[i]] = true
    if known and known.pending then seen[ARGV[i]] = t - known.at >= patience
    elseif ARGV[i + 2] ~= '1' then redis.call('ZREM', KEYS[1], ARGV[i]) end
  end
end
local answer = {'ok', text(t + ${CREATE_WITHIN})}
if limit then
  local alive, unsure = {}, 0
  for _, other in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    local known = states[other]
    if other ~= m and not (known and known.claimed) then
      alive[#alive + 1] = other
      if patience > 0 and not seen[other] then unsure = unsure + 1 end
    end
  end
  if #alive + 1 > limit then
    local rejects = ARGV[9] == 'reject'
    if rejects and #alive - unsure + 1 > limit then return {'limit'} end
    if unsure > 0 then return {'busy'} end
    if rejects then return {'limit'} end
  end
  for i = 1, math.min(math.ceil(#alive + 1 - limit), #alive) do
    local known = states[alive[i]]
    local what = known and (known.nonce .. (known.pending and ' P ' or ' S ')) or '- S '
    redis.call('HSET', KEYS[3], alive[i], what .. text(t) .. ' ' .. ARGV[6])
    answer[#answer + 1] = alive[i]
    answer[#answer + 1] = known and known.value or ''
  end
end
redis.call('HSET', KEYS[3], m, ARGV[6] .. ' P ' .. text(t) .. ' -')
redis.call('PEXPIRE', KEYS[3], ${10 * GRACE})
enlist(ARGV[3], ARGV[5], m)
return answer`);

/** The record is there: KEYS index, recent; ARGV 3 user, 4 member, 5 createdAt, 6 nonce. */
export const confirm: Script = script(`${recent}
local now = redis.call('HGET', KEYS[2], ARGV[4])
local nonce, claim = nil, '-'
if now then
  local _
  nonce, _, _, claim = parse(now)
end
if not now or nonce == ARGV[6] then
  enlist(ARGV[3], ARGV[5], ARGV[4])
  redis.call('HSET', KEYS[2], ARGV[4], ARGV[6] .. ' S ' .. text(clock()) .. ' ' .. claim)
  redis.call('PEXPIRE', KEYS[2], ${10 * GRACE})
end
return 1`);

/**
 * Takes members out whose records are gone for good. KEYS index, recent; ARGV 3… member and nonce or claim, "" for
 * none.
 */
export const unlist: Script = script(`${recent}
for i = 3, #ARGV, 2 do
  local now = redis.call('HGET', KEYS[2], ARGV[i])
  local nonce, claim = '', ''
  if now then
    local _
    nonce, _, _, claim = parse(now)
  end
  if nonce == ARGV[i + 1] or (claim ~= '-' and claim == ARGV[i + 1]) then
    redis.call('ZREM', KEYS[1], ARGV[i])
    redis.call('HDEL', KEYS[2], ARGV[i])
  end
end
return 1`);

/** Members are not ended after all. KEYS recent; ARGV 3 claim, 4… members. */
export const unclaim: Script = script(`${recent}
for i = 4, #ARGV do
  local now = redis.call('HGET', KEYS[1], ARGV[i])
  if now then
    local nonce, state, at, claim = parse(now)
    if claim == ARGV[3] then
      if nonce == '-' then redis.call('HDEL', KEYS[1], ARGV[i])
      else redis.call('HSET', KEYS[1], ARGV[i], nonce .. ' ' .. state .. ' ' .. text(at) .. ' -') end
    end
  end
end
return 1`);

/**
 * Creates a registered record. KEYS record, epoch of its bucket, instant of its bucket; ARGV 3 value, 4 ttl, 5 user, 6
 * nonce, 7 global epoch, 8 own epoch, 9 last time, 10 since or "". "ok", "evicted", or "late", "revoked" or "exists"
 * and what is there.
 */
export const createRegistered: Script = script(`${recent}
local k = KEYS[1]
local present = live(k) and redis.call('GET', k) or ''
if clock() > tonumber(ARGV[9]) then return {'late', present} end
if tonumber(redis.call('GET', KEYS[2]) or '0') > tonumber(ARGV[7]) then return {'revoked', present} end
if predates(ARGV[10], redis.call('GET', KEYS[3])) then return {'revoked', present} end
if present ~= '' then return {'exists', present} end
local stone = redis.call('GETRANGE', k, 0, 0) == 'x' and redis.call('GET', k) or ''
if stone == 'xe ' .. ARGV[6] then return {'evicted'} end
local who, epoch = stone:match('^xr (%S+) (%d+)$')
if who == ARGV[5] and tonumber(epoch) > tonumber(ARGV[8]) then return {'revoked', ''} end
redis.call('SET', k, ARGV[3], 'PX', ttl(ARGV[4]))
return {'ok'}`);

/**
 * Ends the record of a member of a user, or sees to it that a registered one does not come. KEYS record; ARGV 3 user, 4
 * member, 5 tombstone, or "" when nothing can be on its way. 1 when a live one ended, 2 when there was none and the
 * tombstone is set.
 */
export const endMember: Script = script(`
local k, ended = KEYS[1], 0
local h = head(k)
if h and user(k, h) == ARGV[3] then
  if live(k) then
    ended = 1
    tell(ARGV[4])
  end
  redis.call('DEL', k)
end
if ARGV[5] ~= '' and not live(k) then
  redis.call('DEL', k)
  redis.call('SET', k, ARGV[5], 'PX', ${GRACE})
  if ended == 0 then ended = 2 end
end
return ended`);

/**
 * Moves a user's epoch. KEYS index, epoch, recent, instant; ARGV 3 the instant, 4 the member that is spared or "", 5
 * who claims all others for it. The epoch, then members and recent values in turn. Nil, and nothing done, when the one
 * to be spared is not there or claimed by another revocation: of two that spare one each, the first decides. "busy"
 * while a login is evicting it.
 */
export const revoke: Script = script(`${recent}
local t, spared = clock(), ARGV[4]
if spared ~= '' then
  if not redis.call('ZSCORE', KEYS[1], spared) then return false end
  local _, _, at, claim = parse(redis.call('HGET', KEYS[3], spared) or '')
  if at and claim ~= '-' and t - at <= ${GRACE} then
    if claim:sub(1, 4) == 'all:' then return false end
    return {'busy'}
  end
end
redis.call('ZREM', KEYS[1], '')
local answer = {step(KEYS[2])}
note(KEYS[4], ARGV[3])
for _, m in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if m ~= spared then
    local known = redis.call('HGET', KEYS[3], m) or ''
    answer[#answer + 1] = m
    answer[#answer + 1] = known
    if spared ~= '' then
      local nonce, state = parse(known)
      redis.call('HSET', KEYS[3], m, (nonce or '-') .. ' ' .. (state or 'S') .. ' ' .. text(t) .. ' ' .. ARGV[5])
    end
  end
end
redis.call('PEXPIRE', KEYS[3], ${10 * GRACE})
return answer`);

/** A revocation of everybody reaches a bucket. KEYS its epoch, its instant; ARGV 3 the epoch, 4 the instant. */
export const revokeBucket: Script = script(`
redis.call('PERSIST', KEYS[1])
if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[3]) then
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[1], ARGV[3])
end
note(KEYS[2], ARGV[4])
return 1`);
