-- Sets an entry if its scope's quota has room for it: 1 if so, else 0.
-- KEYS: expiries, costs, names, then the entry's key and its older ones.
-- ARGV: record, cost, ttl in ms, quota, then the names that belong to those keys.
local expiries, costs, names = KEYS[1], KEYS[2], KEYS[3]
local record, cost, ttl, quota = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
-- The server's clock is the same for all hosts.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Whether there is memory left the server asks only before a script's first change, and
-- only of commands that take some: without this, removing would come first.
redis.call('HINCRBY', costs, '', 0)
if redis.call('PTTL', costs) < 0 then redis.call('PEXPIRE', costs, ttl) end

local function forget(name)
  local old = tonumber(redis.call('HGET', costs, name) or 0)
  redis.call('HDEL', costs, name)
  redis.call('ZREM', expiries, name)
  redis.call('ZREM', names, name)
  if old > 0 then redis.call('HINCRBY', costs, '', -old) end
end

-- The entries themselves have been removed by the server.
local function forget_expired()
  local gone = redis.call('ZRANGEBYSCORE', expiries, '-inf', now, 'LIMIT', 0, 100)
  for _, name in ipairs(gone) do forget(name) end
  return #gone > 0
end

local function would_be()
  local used = tonumber(redis.call('HGET', costs, '') or 0)
  for i = 5, #ARGV do used = used - tonumber(redis.call('HGET', costs, ARGV[i]) or 0) end
  return used + cost
end

forget_expired()
while would_be() > quota do
  if not forget_expired() then return 0 end
end
for i = 5, #ARGV do
  redis.call('DEL', KEYS[i - 1])
  forget(ARGV[i])
end
redis.call('SET', KEYS[4], record, 'PX', ttl)
redis.call('HSET', costs, ARGV[5], cost)
redis.call('HINCRBY', costs, '', cost)
redis.call('ZADD', expiries, now + ttl, ARGV[5])
redis.call('ZADD', names, 0, ARGV[5])
-- What is known of a scope ends with its last entry.
for i = 1, 3 do
  if redis.call('PTTL', KEYS[i]) < ttl then redis.call('PEXPIRE', KEYS[i], ttl) end
end
return 1
