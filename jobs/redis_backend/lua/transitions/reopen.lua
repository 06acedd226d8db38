-- Drops results of a job, and runs it again where it has ended.
--
-- index_old: jobs in its state                 old_state: nothing is done in any other state
-- most_open, most_owned: see create.lua
-- rest: indices of the parts whose results are dropped
--
-- Returns {verdict, count}: 'yes', 'no', or 'overloaded' or 'full' where there is no room; and how
-- often results of this running job have been dropped by now.
local results, failed_parts, active, index_old, index_queued, index_running, part_ms, attempts =
  unpack(KEYS, 7)
local old_state, now, most_open, most_owned = unpack(ARGV, 5, 8)

if redis.call('HGET', job, 'state') ~= old_state then return {'no', 0} end
most_open, most_owned = tonumber(most_open), tonumber(most_owned)
local open = open_prefix .. (redis.call('HGET', job, 'owner') or '')
if most_open >= 0 and redis.call('ZCARD', active) >= most_open then return {'overloaded', 0} end
if most_owned >= 0 and redis.call('SCARD', open) >= most_owned then return {'full', 0} end
local dropped, rounds = 0, 0
for i = 9, #ARGV do
  if redis.call('HDEL', results, ARGV[i]) == 1 then
    dropped = dropped + number(redis.call('HGET', part_ms, ARGV[i]))
    local count = redis.call('SREM', failed_parts, ARGV[i]) == 1 and 'parts_failed' or 'parts_done'
    redis.call('HINCRBY', job, count, -1)
  end
end
redis.call('HINCRBY', job, 'done_ms', 0 - dropped)
if old_state == 'running' then
  add_to_backlog(dropped)
  rounds = redis.call('HINCRBY', attempts, 'assemble:dropped', 1)
else
  add_to_backlog(remaining())
  local planned = redis.call('HEXISTS', job, 'plan') == 1
  redis.call('HSET', job, 'state', planned and 'running' or 'queued')
  redis.call('HDEL', job, 'finished_at', 'report', 'error')
  redis.call('ZREM', index_old, id)
  redis.call('ZADD', planned and index_running or index_queued, 0, id)
  if not planned then set_queued(true) end
end
redis.call('ZADD', active, now, id)
set_open(true)
announce(old_state == 'running' and 'undone' or 'retried')
return {'yes', rounds}
