-- Removes an entry. KEYS and ARGV are as in set.lua, without what comes before the names.
for i, name in ipairs(ARGV) do
  local old = tonumber(redis.call('HGET', KEYS[2], name) or 0)
  redis.call('DEL', KEYS[i + 3])
  redis.call('HDEL', KEYS[2], name)
  redis.call('ZREM', KEYS[1], name)
  redis.call('ZREM', KEYS[3], name)
  if old > 0 then redis.call('HINCRBY', KEYS[2], '', -old) end
end
return 1
