-- Appends what came in one tick to the logs of some turns, each where its fence still holds.
--
-- KEYS  for each turn: its head (hash: fence, next) and its log (stream)
-- ARGV  for each turn: fence, first seq, seq after the last, entries (JSON), channel
--
-- Gives for each turn the seq that comes next in its log, which says what was accepted, also where the answer to an
-- earlier try got lost; -1 where another lease owns the turn; -2 where there is no such log (any more).
local replies = {}
for turn = 1, #KEYS / 2 do
  local head, log, at = KEYS[turn * 2 - 1], KEYS[turn * 2], (turn - 1) * 5
  local first, following, entries = ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local stored = redis.call('HMGET', head, 'fence', 'next')
  if not stored[1] then
    replies[turn] = -2
  elseif stored[1] ~= ARGV[at + 1] then
    replies[turn] = -1
  elseif stored[2] ~= first then
    replies[turn] = tonumber(stored[2])
  else
    -- An entry's id is the seq after its last event: ids grow with the log, and a position is found by them.
    redis.call('XADD', log, following .. '-0', 'e', entries)
    redis.call('HSET', head, 'next', following)
    if stored[2] == '0' then
      local left = redis.call('PTTL', head)
      if left > 0 then redis.call('PEXPIRE', log, left) end
    end
    redis.call('PUBLISH', ARGV[at + 5], entries)
    replies[turn] = tonumber(following)
  end
end
return replies
