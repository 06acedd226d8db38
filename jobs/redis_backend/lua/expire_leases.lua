-- Drops the leases of a job that dead workers hold, or that anybody has held for too long.
--
-- alive_since: see claim.lua     stale_before: a job that nobody touched since then is stale
--
-- Returns their work; '*' where nobody holds anything of a stale job.
local leases, workers, active, leased = unpack(KEYS)
local id, alive_since, stale_before, now = unpack(ARGV)

local touched = redis.call('ZSCORE', active, id)
if not touched then redis.call('SREM', leased, id) return {} end
local stale = tonumber(touched) < tonumber(stale_before)
local held, lost = redis.call('HGETALL', leases), {}
for i = 1, #held, 2 do
  local worker = held[i + 1]
  if string.sub(worker, 1, 1) == '?' then worker = string.sub(worker, 2) end
  local seen = redis.call('ZSCORE', workers, worker)
  if stale or not seen or tonumber(seen) < tonumber(alive_since) then
    redis.call('HDEL', leases, held[i])
    lost[#lost + 1] = held[i]
  end
end
if #held == 0 then
  redis.call('SREM', leased, id)
  if stale then lost[1] = '*' end
end
if stale then redis.call('ZADD', active, now, id) end
return lost
