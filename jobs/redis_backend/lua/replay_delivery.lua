-- Has a delivery sent again from its first attempt on.
--
-- Returns 0 where the job has no such delivery.
local delivery, deliveries, deliveries_due = unpack(KEYS)
local delivery_id, now = unpack(ARGV)

if redis.call('SISMEMBER', deliveries, delivery_id) == 0 then return 0 end
if redis.call('EXISTS', delivery) == 0 then return 0 end
redis.call('HSET', delivery, 'state', 'pending', 'attempts', 0)
redis.call('HDEL', delivery, 'delivered_at', 'status', 'error')
redis.call('PERSIST', delivery)
redis.call('ZADD', deliveries_due, now, delivery_id)
return 1
