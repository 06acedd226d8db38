-- Stores some parts of a plan; with the plan itself, which comes last, it exists.
--
-- plan: '' = there are more parts to come      total, total_ms: parts in all, and their speech [ms]
-- rest: index, part, its speech [ms], index, part …
local parts, part_ms = unpack(KEYS, 7)
local plan, total, total_ms = unpack(ARGV, 5, 7)

if not is_open(redis.call('HGET', job, 'state')) then return 0 end
if redis.call('HEXISTS', job, 'plan') == 1 then return 0 end
for i = 8, #ARGV, 3 do
  redis.call('HSET', parts, ARGV[i], ARGV[i + 1])
  redis.call('HSET', part_ms, ARGV[i], ARGV[i + 2])
end
if plan ~= '' then
  redis.call('HSET', job, 'plan', plan, 'parts_total', total, 'total_ms', total_ms)
  add_to_backlog(tonumber(total_ms))
  announce('planned')
end
return 1
