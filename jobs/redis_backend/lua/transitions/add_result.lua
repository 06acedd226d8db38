-- Stores a part's result, once, and gives its lease back.
--
-- failed: 1 where the result is an error     generated: 1 where it was made just now, and not reused
--
-- Returns 1 where it was the last one: this worker now owes the message for 'assemble', see
-- claim.lua; 0 otherwise; -1 where the job has ended.
local leases, results, active, failed_parts, part_ms, attempts = unpack(KEYS, 7)
local index, result, failed, worker, now, generated = unpack(ARGV, 5)

if not is_open(redis.call('HGET', job, 'state')) then return -1 end
if redis.call('HSETNX', results, index, result) == 0 then return 0 end
redis.call('HDEL', leases, index)
redis.call('HDEL', attempts, index .. ':since', index .. ':refused')
if failed == '1' then redis.call('SADD', failed_parts, index) end
redis.call('HINCRBY', job, 'parts_failed', failed)
redis.call('HINCRBY', job, 'parts_done', 1 - failed)
redis.call('ZADD', active, 'XX', now, id)
local ms = number(redis.call('HGET', part_ms, index))
redis.call('HINCRBY', job, 'done_ms', ms)
if generated == '1' then add_to_pace(now, ms) end
add_to_backlog(-ms)
announce(failed == '1' and 'part_failed' or 'part_done', index)
if redis.call('HLEN', results) == tonumber(redis.call('HGET', job, 'parts_total')) then
  redis.call('HSET', leases, 'assemble', '?' .. worker)
  return 1
end
return 0
