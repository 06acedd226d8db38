-- Gives work back that a store refused, and counts the refusal; the try itself counts for nothing.
--
-- attempts: see begin.lua; also "<work>:refused" → refusals in a row, and "<work>:since" → the time
-- of the first of them [Unix s].
--
-- Returns {work that is to be sent again, refusals, since}: where the part itself was done before,
-- what is left of it is the message for 'assemble'. Nothing of a job that has ended.
local job, leases, attempts, results, active = unpack(KEYS)
local id, work, worker, now = unpack(ARGV)

local state = redis.call('HGET', job, 'state')
if state ~= 'queued' and state ~= 'running' then return {} end
if redis.call('HEXISTS', results, work) == 1 then work = 'assemble' end
if redis.call('HGET', leases, work) == worker then
  redis.call('HDEL', leases, work)
  if redis.call('HGET', attempts, work .. ':by') == worker then
    redis.call('HDEL', attempts, work .. ':by')
    redis.call('HINCRBY', attempts, work, -1)
  end
end
redis.call('ZADD', active, 'XX', now, id)
redis.call('HSETNX', attempts, work .. ':since', now)
local refused = redis.call('HINCRBY', attempts, work .. ':refused', 1)
return {work, refused, redis.call('HGET', attempts, work .. ':since')}
