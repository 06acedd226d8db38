-- Takes a lease of a piece of work; the first part that is claimed starts the job.
--
-- work: 'plan', 'assemble' or the index of a part   worker: who asks
-- alive_since: a worker whose last beat is older is dead, and so are its leases
--
-- A lease is the worker's id; '?' before it promises work: who stored the last result owes the
-- message for 'assemble', and should it die before, the lease is found lost like any other.
--
-- Returns {verdict, attempt}, see jobs.protocols.ClaimVerdict.
local leases, results, workers, attempts, index_queued, index_running, active, leased =
  unpack(KEYS, 7)
local work, worker, now, alive_since = unpack(ARGV, 5)

local state = redis.call('HGET', job, 'state')
if not state then return {'gone', 0} end
if not is_open(state) then return {'over', 0} end
if redis.call('HEXISTS', results, work) == 1 then
  local promised = redis.call('HGET', leases, 'assemble') == '?' .. worker
  return {promised and 'promised' or 'done', 0}
end
local holder = redis.call('HGET', leases, work)
if holder and holder ~= worker and string.sub(holder, 1, 1) ~= '?' then
  local seen = redis.call('ZSCORE', workers, holder)
  if seen and tonumber(seen) >= tonumber(alive_since) then return {'held', 0} end
end
redis.call('HSET', leases, work, worker)
redis.call('ZADD', active, 'XX', now, id)
redis.call('SADD', leased, id)
if tonumber(work) then start_pace(now) end
if state == 'queued' and tonumber(work) then
  redis.call('HSET', job, 'state', 'running', 'started_at', now)
  redis.call('ZREM', index_queued, id)
  redis.call('ZADD', index_running, 0, id)
  set_queued(false)
  announce('started')
end
local tries = number(redis.call('HGET', attempts, work))
return {'run', redis.call('HGET', attempts, work .. ':by') == worker and tries or tries + 1}
