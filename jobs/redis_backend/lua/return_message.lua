-- Puts a message that a worker took back at the head of its queue, unless it has been acknowledged.
local unacked_index, unacked, queue = unpack(KEYS)
local tag, message = unpack(ARGV)

if redis.call('ZREM', unacked_index, tag) == 0 then return 0 end
redis.call('HDEL', unacked, tag)
redis.call('RPUSH', queue, message)
return 1
