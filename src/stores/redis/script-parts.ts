/** What the Lua scripts have in common. */
import { Script } from "./script.ts";

/** Milliseconds that a key outlives its `expiresAt`: for clocks that differ. */
export const GRACE = 60_000;

/** Milliseconds that an index outlives its last login: no session lives longer than a cookie may, 400 days. */
const INDEX_LIFE: number = 401 * 86_400_000;

/** Milliseconds for which the instant of a revocation is kept: no login takes as long. */
const INSTANT_LIFE: number = 2 * 86_400_000;

type Part = readonly [name: string, source: string];

/** Each may use those before it. */
const parts: readonly Part[] = [
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
  ["outlive", "local function outlive(k, ms) redis.call('PEXPIRE', k, ms) end"],
  [
    "enlist",
    `local function enlist(u, created, m)
  redis.call('ZADD', index(u), string.format('%.0f', tonumber(created)), m)
  outlive(index(u), ${INDEX_LIFE})
end`,
  ],
  ["relist", "local function relist() end"],
  // Who may not publish can log out all the same; health() says that nobody is told.
  ["tell", "local function tell(m) redis.pcall('PUBLISH', P .. 'ended', m) end"],
  ["ttl", "local function ttl(ms) return string.format('%.0f', math.max(1, math.min(tonumber(ms), 9e15))) end"],
  [
    "forward",
    `local function forward(h, v, life)
  if tonumber(h:sub(17, 32)) <= tonumber(v:sub(17, 32)) then return v, life end
  local expires = v:sub(33, 48)
  if tonumber(h:sub(33, 48)) > tonumber(expires) then
    expires = h:sub(33, 48)
    life = ttl(tonumber(expires) - now + ${GRACE})
  end
  return v:sub(1, 16) .. h:sub(17, 32) .. expires .. v:sub(49), life
end`,
  ],
  [
    "step",
    `local function step(k)
  local count = string.format('%.0f', tonumber(redis.call('GET', k) or '0') + 1)
  redis.call('SET', k, count)
  return count
end`,
  ],
  [
    "predates",
    `local function predates(since, at)
  return since ~= '' and at and tonumber(since) < tonumber(at)
end`,
  ],
  [
    "note",
    `local function note(k, at)
  local known = redis.call('GET', k)
  if known and tonumber(known) > tonumber(at) then at = known end
  redis.call('SET', k, at)
  outlive(k, ${INSTANT_LIFE})
end`,
  ],
  [
    "room",
    `local function room(names, u, limit, rejects, leaving)
  local alive = {}
  for _, other in ipairs(redis.call('ZRANGE', names, 0, limit and -1 or 19)) do
    local k = name(other)
    local h = live(k)
    if not (h and user(k, h) == u) then redis.call('ZREM', names, other)
    elseif other ~= leaving then alive[#alive + 1] = other end
  end
  local surplus = limit and math.ceil(#alive + 1 - limit) or 0
  if surplus > 0 and rejects then return nil end
  local answer = {'ok'}
  for i = 1, math.min(surplus, #alive) do
    redis.call('DEL', name(alive[i]))
    redis.call('ZREM', names, alive[i])
    tell(alive[i])
    answer[#answer + 1] = alive[i]
  end
  return answer
end`,
  ],
  [
    "insert",
    `local function insert(k, v, life, u, created, m)
  local h = head(k)
  local whose = h and user(k, h) or ''
  if whose ~= '' and whose ~= u then redis.call('ZREM', index(whose), m) end
  redis.call('SET', k, v, 'PX', ttl(life))
  if u ~= '' then enlist(u, created, m) end
end`,
  ],
];

/**
 * In their place where the server evicts what has a time to live: an index has none there, or it would go before the
 * records that it lists, and a touch makes sure of one that is gone or has one from before.
 */
const lasting = new Map<string, string>([
  ["outlive", "local function outlive(k) redis.call('PERSIST', k) end"],
  [
    "relist",
    `local function relist(k, h)
  local u = user(k, h)
  if u ~= '' then enlist(u, h:sub(49, 64), k:match('^[^{]*r{[^}]*}(.*)$')) end
end`,
  ],
]);

const replaced: readonly Part[] = parts.map(([name, source]) => [name, lasting.get(name) ?? source]);

/** With the parts that it calls: making a function costs the server about as much as a read. */
function withParts(body: string, all: readonly Part[]): string {
  return all.reduceRight((text, [name, source]) => (text.includes(`${name}(`) ? `${source}\n${text}` : text), body);
}

/**
 * `before`, then `body` with the parts that it calls, then `after`: as the server is to keep what it is given, or may
 * evict it.
 */
export function scriptOf(before: string, body: string, after = ""): Script {
  const [plain, kept] = [parts, replaced].map((all) => `${before}\n${withParts(body, all)}\n${after}`);
  return new Script(plain as string, kept as string);
}

/** A script with what nearly all begin with: ARGV 1 the prefix, 2 now by the application's clock. */
export function script(body: string): Script {
  return scriptOf("local P, now = ARGV[1], tonumber(ARGV[2])", body);
}
