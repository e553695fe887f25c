-- Raises the fence of a turn's log, so that whoever holds a lower one can append nothing from here on, and reads it.
--
-- KEYS  head (hash: fence, next) and log (stream)
-- ARGV  fence, expiry in ms
--
-- Gives the seq that comes next and then each batch of entries; or -1 alone where a higher fence stands already.
local stored = redis.call('HGET', KEYS[1], 'fence')
if stored and tonumber(stored) > tonumber(ARGV[1]) then
  return {-1}
end
redis.call('HSET', KEYS[1], 'fence', ARGV[1])
redis.call('HSETNX', KEYS[1], 'next', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local reply = {tonumber(redis.call('HGET', KEYS[1], 'next'))}
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '-', '+')) do
  reply[#reply + 1] = entry[2][2]
end
return reply
