-- What every transition of a job brings with it: its event, and the backlog.
-- This file is put before each script of transitions/, so that neither can be missed or happen
-- twice. All times are Unix seconds as text.
--
-- job: the job's hash           events: the job's stream of events
-- backlog, pace: see below      queued_*: queued jobs of a lane, by id and so by time
-- id: of the job                moved: channel, told "<id> <event>" for every transition
-- owned_prefix, open_prefix: before an owner's id, the keys of its jobs and of its open jobs
--
-- The backlog counts estimated speech in whole milliseconds: integers do not drift. Its field LANE
-- holds the speech of planned jobs that is not done, LANE:over all that was ever done or given up.
-- A job's goal_ms is what LANE:over has to reach before the job ends, first come first served.
--
-- The pace is seconds of speech per second while somebody speaks, kept as two sums, audio and wall,
-- of which old parts fade; reused and failed parts say nothing of it.
local job, events, backlog, pace, queued_interactive, queued_bulk = unpack(KEYS, 1, 6)
local id, moved, owned_prefix, open_prefix = unpack(ARGV, 1, 4)

-- Of a job, about 150 bytes each. Every event holds the whole progress, so that none is needed to
-- understand the next.
local EVENTS_KEPT = 1000
-- After so much busy time [s] a part counts 1/e as much for the pace: a few batches, and soon enough
-- when workers come or go.
local PACE_SECONDS = 60
-- Longest time between two parts that counts [s], as long as a part may take (the broker's
-- visibility timeout): while no worker was there, nobody was slow.
local GAP_SECONDS = 300

local function number(value) return tonumber(value or 0) end

local function is_open(state) return state == 'queued' or state == 'running' end

-- Adds an event to the job's stream and wakes who waits for it.
local function announce(event, part)
  local now = redis.call('HMGET', job, 'state', 'parts_total', 'parts_done', 'parts_failed',
    'total_ms', 'done_ms')
  redis.call('XADD', events, 'MAXLEN', '~', EVENTS_KEPT, '*',
    'event', event, 'part', part or '', 'state', now[1], 'parts_total', now[2] or 0,
    'parts_done', now[3] or 0, 'parts_failed', now[4] or 0, 'total_ms', now[5] or 0,
    'done_ms', now[6] or 0)
  redis.call('PUBLISH', moved, id .. ' ' .. event)
end

-- So much more of this job is to be spoken, or less [ms].
local function add_to_backlog(ms)
  local lane = redis.call('HGET', job, 'lane')
  if not lane or ms == 0 then return end
  local left = redis.call('HINCRBY', backlog, lane, ms)
  local over = ms < 0 and redis.call('HINCRBY', backlog, lane .. ':over', -ms)
  if ms > 0 then
    over = number(redis.call('HGET', backlog, lane .. ':over'))
    redis.call('HSET', job, 'goal_ms', left + over)
  end
  local all = redis.call('HMGET', backlog, 'interactive', 'bulk')
  if number(all[1]) + number(all[2]) <= 0 then redis.call('HDEL', pace, 'at') end
end

-- What of this job is still to be spoken [ms].
local function remaining()
  local ms = redis.call('HMGET', job, 'total_ms', 'done_ms')
  return number(ms[1]) - number(ms[2])
end

-- Whether the job stands among the queued ones of its lane.
local function set_queued(waits)
  local lane = redis.call('HGET', job, 'lane')
  if not lane then return end
  local queued = lane == 'interactive' and queued_interactive or queued_bulk
  if waits then redis.call('ZADD', queued, 0, id) else redis.call('ZREM', queued, id) end
end

-- Whether the job counts among the open ones of its owner, where it has one.
local function set_open(open)
  local owner = redis.call('HGET', job, 'owner')
  if owner then redis.call(open and 'SADD' or 'SREM', open_prefix .. owner, id) end
end

-- A part is being spoken: the time of the pace runs.
local function start_pace(now) redis.call('HSETNX', pace, 'at', now) end

-- So much speech [ms] was made.
local function add_to_pace(now, ms)
  local was = redis.call('HMGET', pace, 'at', 'audio', 'wall')
  local at = tonumber(was[1] or now)
  local seconds = math.max(0, tonumber(now) - at)
  local counted = math.min(seconds, GAP_SECONDS)
  local keep = math.exp(-counted / PACE_SECONDS)
  local audio = tonumber(was[2] or 0) * keep + ms / 1000
  local wall = tonumber(was[3] or 0) * keep + counted
  redis.call('HSET', pace, 'at', string.format('%.6f', at + seconds),
    'audio', string.format('%.9g', audio), 'wall', string.format('%.9g', wall))
end
