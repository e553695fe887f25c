-- The registry's verbs. All its keys carry the tag of KEYS[1], so that a cluster has them in one place and each verb
-- is atomic.
--
-- KEYS  the registry's name, which every key of it begins with
-- ARGV  the verb, then what it takes
--
--   NAME:turn:ID          hash: spec, kept (what becomes of spec at the end), state, owner, fence, session, user, number, request,
--                         remember (ms), cancel
--   NAME:session:ID       list: the unfinished turns of a session, the running one first
--   NAME:user:ID          sorted set: the unfinished turns of a user, by number
--   NAME:request:ID       string: when, and which turn it started
--   NAME:leases           sorted set: unfinished turns by the end of their lease, ms by this server's clock
--   NAME:ended            sorted set: ended turns by their end, ms by the callers' clock
--   NAME:count            how many turns were admitted; gives them their order
local name = KEYS[1]

local function turn_key(id) return name .. ':turn:' .. id end
local function session_key(id) return name .. ':session:' .. id end
local function user_key(id) return name .. ':user:' .. id end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function record(id)
  local fields = redis.call('HMGET', turn_key(id), 'spec', 'state', 'owner', 'fence', 'number')
  if not fields[1] then return nil end
  return {id, fields[1], fields[2], fields[3], tonumber(fields[4]), tonumber(fields[5])}
end

local function holds(id, owner, fence)
  local stored = redis.call('HMGET', turn_key(id), 'owner', 'fence')
  return stored[1] == owner and stored[2] == fence
end

-- Puts off the expiry of an unfinished turn and of where it is listed.
local function keep(id, session, user, running_ms)
  for _, key in ipairs({turn_key(id), session_key(session), user_key(user)}) do
    redis.call('PEXPIRE', key, running_ms)
  end
end

local function unfinished(state) return state == 'queued' or state == 'running' end

-- The first turn of a session that is still there runs. Gives it if it did not before.
local function promote(session)
  local line = session_key(session)
  while true do
    local id = redis.call('LINDEX', line, 0)
    if not id then return nil end
    local state = redis.call('HGET', turn_key(id), 'state')
    if state == 'running' then return nil end
    if state == 'queued' then
      redis.call('HSET', turn_key(id), 'state', 'running')
      return id
    end
    redis.call('LPOP', line)
  end
end

-- A word to a turn's owner. Gives the owner where that is whoever asked, who can be told without a detour.
local function tell(id, asking, channel, payload)
  local owner = redis.call('HGET', turn_key(id), 'owner')
  if owner and owner ~= asking and owner ~= '' then redis.call('PUBLISH', channel .. owner, payload) end
  return owner
end

local function requested(request, now, counts)
  local known = redis.call('GET', name .. ':request:' .. request)
  if not known then return nil end
  local created, id = string.match(known, '^(%d+) (.*)$')
  if tonumber(now) - tonumber(created) >= tonumber(counts) then return nil end
  return record(id)
end

local verbs = {}

function verbs.admit(id, spec, kept, session, user, owner, queue_limit, lease_ms, running_ms, request, now, counts)
  if request ~= '' then
    local known = requested(request, now, counts)
    if known then return {'duplicate', known} end
  end
  local line = session_key(session)
  promote(session)
  local waiting = redis.call('LLEN', line)
  if waiting > tonumber(queue_limit) then return {'busy'} end
  local state = waiting == 0 and 'running' or 'queued'
  local number = redis.call('INCR', name .. ':count')
  redis.call('HSET', turn_key(id), 'spec', spec, 'kept', kept, 'state', state, 'owner', owner, 'fence', '1',
    'session', session, 'user', user, 'number', number)
  redis.call('ZADD', user_key(user), number, id)
  redis.call('RPUSH', line, id)
  redis.call('ZADD', name .. ':leases', now_ms() + tonumber(lease_ms), id)
  if request ~= '' then
    redis.call('HSET', turn_key(id), 'remember', counts, 'request', request)
    redis.call('SET', name .. ':request:' .. request, now .. ' ' .. id, 'PX', counts)
  end
  keep(id, session, user, running_ms)
  return {state}
end

function verbs.find(id) return record(id) end

function verbs.requested(request, now, counts) return requested(request, now, counts) end

function verbs.active(session)
  local records = {}
  for _, id in ipairs(redis.call('LRANGE', session_key(session), 0, -1)) do
    records[#records + 1] = record(id)
  end
  return records
end

function verbs.running(user)
  local records = {}
  for _, id in ipairs(redis.call('ZRANGE', user_key(user), 0, -1)) do
    local found = record(id)
    if found then records[#records + 1] = found else redis.call('ZREM', user_key(user), id) end
  end
  return records
end

-- Takes the triples id, owner, fence; gives for each: `lost`, `gone`, or its state and the cause of a stop.
function verbs.renew(lease_ms, running_ms, ...)
  local leases, replies, ending = {...}, {}, now_ms() + tonumber(lease_ms)
  for at = 1, #leases, 3 do
    local id = leases[at]
    local turn = redis.call('HMGET', turn_key(id), 'owner', 'fence', 'state', 'session', 'user')
    local reply
    if not turn[1] then
      reply = {'gone', ''}
    elseif turn[1] ~= leases[at + 1] or turn[2] ~= leases[at + 2] then
      reply = {'lost', ''}
    else
      if unfinished(turn[3]) then
        redis.call('ZADD', name .. ':leases', ending, id)
        keep(id, turn[4], turn[5], running_ms)
        if turn[3] == 'queued' then promote(turn[4]) end
      end
      local now = redis.call('HMGET', turn_key(id), 'state', 'cancel')
      reply = {now[1], now[2] or ''}
    end
    replies[#replies + 1] = reply
  end
  return replies
end

-- Gives nothing to whoever does not own the turn, or 1 and, where another turn starts, its id and its owner.
function verbs.release(id, owner, fence, state, now, ended_ms, channel)
  local before = redis.call('HMGET', turn_key(id), 'state', 'session', 'remember', 'kept', 'user')
  if not holds(id, owner, fence) or not unfinished(before[1]) then return nil end
  redis.call('HSET', turn_key(id), 'state', state, 'spec', before[4])
  redis.call('HDEL', turn_key(id), 'cancel', 'kept')
  redis.call('PEXPIRE', turn_key(id), before[3] or ended_ms)
  redis.call('ZREM', name .. ':leases', id)
  redis.call('ZADD', name .. ':ended', now, id)
  redis.call('ZREM', user_key(before[5]), id)
  redis.call('LREM', session_key(before[2]), 1, id)
  local following = promote(before[2])
  if not following then return {1} end
  return {1, following, tell(following, owner, channel, cjson.encode({turn_id = following, kind = 'start'}))}
end

function verbs.abandon(id, owner, fence, channel)
  if not holds(id, owner, fence) then return nil end
  redis.call('HSET', turn_key(id), 'owner', '')
  redis.call('ZADD', name .. ':leases', 'XX', 0, id)
  redis.call('PUBLISH', channel, id)
end

function verbs.orphans()
  local records = {}
  for _, id in ipairs(redis.call('ZRANGE', name .. ':leases', '-inf', now_ms(), 'BYSCORE', 'LIMIT', 0, 500)) do
    local found = record(id)
    if found and unfinished(found[3]) then
      records[#records + 1] = found
    else
      redis.call('ZREM', name .. ':leases', id)
    end
  end
  return records
end

function verbs.claim(id, owner, lease_ms, running_ms)
  local ending = redis.call('ZSCORE', name .. ':leases', id)
  local turn = redis.call('HMGET', turn_key(id), 'state', 'session', 'user')
  local now = now_ms()
  if not ending or tonumber(ending) > now or not unfinished(turn[1]) then return nil end
  redis.call('HSET', turn_key(id), 'owner', owner)
  redis.call('ZADD', name .. ':leases', now + tonumber(lease_ms), id)
  keep(id, turn[2], turn[3], running_ms)
  return redis.call('HINCRBY', turn_key(id), 'fence', 1)
end

function verbs.signal(id, asking, channel, payload, cancel)
  if not unfinished(redis.call('HGET', turn_key(id), 'state')) then return nil end
  -- Kept as well: an owner that is out of reach just now finds it when it renews, and so does its successor.
  if cancel ~= '' then redis.call('HSETNX', turn_key(id), 'cancel', cancel) end
  return tell(id, asking, channel, payload)
end

function verbs.forget(before)
  local ids = redis.call('ZRANGE', name .. ':ended', '-inf', '(' .. before, 'BYSCORE', 'LIMIT', 0, 500)
  if #ids > 0 then redis.call('ZREM', name .. ':ended', unpack(ids)) end
  return ids
end

-- Gives whether there was such a turn, and it had ended.
function verbs.drop(id)
  local turn = redis.call('HMGET', turn_key(id), 'state', 'request')
  if not turn[1] or unfinished(turn[1]) then return 0 end
  redis.call('DEL', turn_key(id))
  redis.call('ZREM', name .. ':ended', id)
  if turn[2] then redis.call('DEL', name .. ':request:' .. turn[2]) end
  return 1
end

return verbs[ARGV[1]](unpack(ARGV, 2))
