-- Notes that somebody hears an open job while it is made.
--
-- Returns 1; 0 where it has ended or is not there.
local job = unpack(KEYS)

local state = redis.call('HGET', job, 'state')
if state ~= 'queued' and state ~= 'running' then return 0 end
redis.call('HSET', job, 'streamed', 1)
return 1
