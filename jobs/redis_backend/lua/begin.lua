-- Counts a try of claimed work, the moment it is really done.
--
-- attempts: work → times it was begun, "<work>:by" → who began it last: a worker that begins again
-- what it holds goes on with the same try.
--
-- Returns 0 where it must not be done: the job has ended, or another worker has the work.
local job, leases, attempts = unpack(KEYS)
local work, worker = unpack(ARGV)

local state = redis.call('HGET', job, 'state')
if state ~= 'queued' and state ~= 'running' then return 0 end
if redis.call('HGET', leases, work) ~= worker then return 0 end
if redis.call('HGET', attempts, work .. ':by') == worker then return 1 end
redis.call('HINCRBY', attempts, work, 1)
redis.call('HSET', attempts, work .. ':by', worker)
return 1
