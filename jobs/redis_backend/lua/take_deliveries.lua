-- Takes deliveries that are due, and has them due again later, should who takes them die.
--
-- again: when they are due again [Unix s]
local deliveries_due = unpack(KEYS)
local now, again, limit = unpack(ARGV)

local due = redis.call('ZRANGEBYSCORE', deliveries_due, '-inf', now, 'LIMIT', 0, limit)
for _, id in ipairs(due) do redis.call('ZADD', deliveries_due, again, id) end
return due
