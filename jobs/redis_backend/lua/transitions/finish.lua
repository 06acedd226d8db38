-- Ends a job.
--
-- index_new: jobs in the new state             keep: 1 where parts and results may be needed again;
--                                              so may those of a streamed job that succeeded
-- report, error: '' = none
-- rest: id and row of each delivery of a webhook, which is due at once
--
-- Returns 1; 0 where it had ended before; -1 where there is no such job.
local active, leased, index_queued, index_running, index_new, leases, attempts, parts, part_ms,
  results, failed_parts, deliveries, deliveries_due = unpack(KEYS, 7)
local new_state, now, report, error, keep, delivery_prefix = unpack(ARGV, 5, 10)

local state = redis.call('HGET', job, 'state')
if not state then return -1 end
if not is_open(state) then return 0 end
-- First what frees: of a full Redis only a script's first write is refused, and an end makes room.
redis.call('SREM', leased, id)
add_to_backlog(-remaining())
set_queued(false)
redis.call('HSET', job, 'state', new_state, 'finished_at', now)
if report ~= '' then redis.call('HSET', job, 'report', report) end
if error ~= '' then redis.call('HSET', job, 'error', error) end
redis.call('ZREM', active, id)
redis.call('ZREM', index_queued, id)
redis.call('ZREM', index_running, id)
redis.call('ZADD', index_new, 0, id)
redis.call('DEL', leases, attempts)
local behind = new_state == 'succeeded' and redis.call('HEXISTS', job, 'streamed') == 1
if keep ~= '1' and not behind then redis.call('DEL', parts, part_ms, results, failed_parts) end
set_open(false)
for i = 11, #ARGV, 2 do
  redis.call('HSET', delivery_prefix .. ARGV[i], 'row', ARGV[i + 1], 'state', 'pending')
  redis.call('ZADD', deliveries_due, now, ARGV[i])
  redis.call('SADD', deliveries, ARGV[i])
end
announce('finished')
return 1
