-- Deletes a job and all that points to it. It has no event: the stream goes with the job.
-- Deliveries of its webhooks that are pending go on.
local leased, jobs, active, index_queued, index_running, index_succeeded, index_partial,
  index_failed, index_cancelled, parts, part_ms, results, failed_parts, leases, attempts,
  deliveries = unpack(KEYS, 7)
local name_prefix = unpack(ARGV, 5)

local state = redis.call('HGET', job, 'state')
redis.call('SREM', leased, id)  -- first what frees, as in finish.lua
if is_open(state) then add_to_backlog(-remaining()) end
set_queued(false)
set_open(false)
local owner = redis.call('HGET', job, 'owner')
local name = redis.call('HGET', job, 'name')
if name then
  local named = name_prefix .. (owner or '') .. ':' .. name
  if redis.call('HGET', named, 'id') == id then redis.call('DEL', named) end
end
if owner then redis.call('ZREM', owned_prefix .. owner, id) end
for _, index in ipairs({jobs, active, index_queued, index_running, index_succeeded, index_partial,
  index_failed, index_cancelled}) do
  redis.call('ZREM', index, id)
end
redis.call('DEL', job, events, parts, part_ms, results, failed_parts, leases, attempts,
  deliveries)
return 1
