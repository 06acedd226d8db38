-- Notes what came of an attempt at a delivery; one that another sender has settled stays as it is.
--
-- state: 'pending' = it is due again       due: then [Unix s]
-- status, error: of the attempt, '' = none
-- lifetime: of what is settled [ms]
local delivery, deliveries_due = unpack(KEYS)
local delivery_id, state, due, status, error, now, lifetime = unpack(ARGV)

if redis.call('HGET', delivery, 'state') ~= 'pending' then
  redis.call('ZREM', deliveries_due, delivery_id)
  return 0
end
redis.call('HSET', delivery, 'state', state, 'status', status, 'error', error)
if state == 'pending' then
  redis.call('ZADD', deliveries_due, due, delivery_id)
  return 1
end
if state == 'delivered' then redis.call('HSET', delivery, 'delivered_at', now) end
redis.call('ZREM', deliveries_due, delivery_id)
redis.call('PEXPIRE', delivery, lifetime)
return 1
