-- Takes deliveries that are due, and has them due again later, should who takes them die.
--
-- again: when they are due again [Unix s]     delivery_prefix: before an id, the key of its hash
--
-- Returns their ids; one without a hash is none, and is taken off.
local deliveries_due = unpack(KEYS)
local now, again, limit, delivery_prefix = unpack(ARGV)

local due = redis.call('ZRANGEBYSCORE', deliveries_due, '-inf', now, 'LIMIT', 0, limit)
local taken = {}
for _, id in ipairs(due) do
  if redis.call('EXISTS', delivery_prefix .. id) == 1 then
    redis.call('ZADD', deliveries_due, again, id)
    taken[#taken + 1] = id
  else
    redis.call('ZREM', deliveries_due, id)
  end
end
return taken
