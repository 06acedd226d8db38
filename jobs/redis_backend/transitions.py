"""What every move of a record brings with it, as Lua: it is told, and the backlog is kept.

The scripts of ``jobs.redis_backend.scripts`` call these within the transition, so
that neither can be missed or happen twice. Estimated speech is counted in whole milliseconds:
integers do not drift.

The backlog: ``lane`` holds the speech [ms] of planned jobs that is not done, ``lane:over`` all that
was ever done or given up. A job's ``goal_ms`` is what ``lane:over`` has to reach before the job
ends, first come first served. The pace: seconds of speech per second while somebody speaks, as two
sums, ``audio`` and ``wall``, of which old parts fade; reused and failed parts say nothing of it.
"""

from __future__ import annotations

from typing import Final

from jobs.redis_backend.keys import redis_key

MOVED: Final = redis_key("moved")
"""Channel: "<job id> <event>" for every move."""
BACKLOG: Final = redis_key("backlog")
PACE: Final = redis_key("pace")
QUEUED: Final = redis_key("queued", "")
"""Prefix of the queued jobs of a lane, by id and so by time."""
EVENTS_KEPT: Final = 1000
"""Of a job, about 150 bytes each. Every event tells the whole progress, so that none is needed to
understand the next."""
PACE_SECONDS: Final = 60.0
"""After so much busy time a part counts 1/e as much for the pace: a few batches, and soon enough
when workers come or go."""
GAP_SECONDS: Final = 300.0
"""Longest time that counts between two parts, as long as a part may take (the broker's visibility
timeout): while no worker was there, nobody was slow."""

TELL: Final = f"""
local function tell(job, name, part)
  local now = redis.call('HMGET', job, 'state', 'parts_total', 'parts_done', 'parts_failed',
    'total_ms', 'done_ms')
  redis.call('XADD', job .. ':events', 'MAXLEN', '~', {EVENTS_KEPT}, '*',
    'event', name, 'part', part or '', 'state', now[1], 'parts_total', now[2] or 0,
    'parts_done', now[3] or 0, 'parts_failed', now[4] or 0, 'total_ms', now[5] or 0,
    'done_ms', now[6] or 0)
  redis.call('PUBLISH', '{MOVED}', string.match(job, '[^:]+$') .. ' ' .. name)
end
"""

OWE: Final = f"""
local function number(value) return tonumber(value or 0) end

local function owe(job, ms)  -- so much more of this job is to be spoken, or less
  local lane = redis.call('HGET', job, 'lane')
  if not lane or ms == 0 then return end
  local left = redis.call('HINCRBY', '{BACKLOG}', lane, ms)
  local over = ms < 0 and redis.call('HINCRBY', '{BACKLOG}', lane .. ':over', -ms)
  if ms > 0 then
    over = number(redis.call('HGET', '{BACKLOG}', lane .. ':over'))
    redis.call('HSET', job, 'goal_ms', left + over)
  end
  local all = redis.call('HMGET', '{BACKLOG}', 'interactive', 'bulk')
  if number(all[1]) + number(all[2]) <= 0 then redis.call('HDEL', '{PACE}', 'at') end
end

local function owed(job)
  local ms = redis.call('HMGET', job, 'total_ms', 'done_ms')
  return number(ms[1]) - number(ms[2])
end

local function queue(job, id, waits)
  local lane = redis.call('HGET', job, 'lane')
  if not lane then return end
  if waits then redis.call('ZADD', '{QUEUED}' .. lane, 0, id)
  else redis.call('ZREM', '{QUEUED}' .. lane, id) end
end
"""

SPEAK: Final = f"""
local function busy(now) redis.call('HSETNX', '{PACE}', 'at', now) end

local function spoke(now, ms)
  local pace = redis.call('HMGET', '{PACE}', 'at', 'audio', 'wall')
  local at = tonumber(pace[1] or now)
  local seconds = math.max(0, tonumber(now) - at)
  local counted = math.min(seconds, {GAP_SECONDS})
  local keep = math.exp(-counted / {PACE_SECONDS})
  local audio = tonumber(pace[2] or 0) * keep + ms / 1000
  local wall = tonumber(pace[3] or 0) * keep + counted
  redis.call('HSET', '{PACE}', 'at', string.format('%.6f', at + seconds),
    'audio', string.format('%.9g', audio), 'wall', string.format('%.9g', wall))
end
"""
