"""The moves of a record as Lua: Redis runs each alone, so every move is compare-and-set.

KEYS: the job's hash, then the keys named in each script. Times are Unix seconds as text. The keys
of one script lie in several slots, so a Redis Cluster is not supported.
"""

from __future__ import annotations

from typing import Final

from jobs.redis_backend.keys import redis_key
from jobs.redis_backend.transitions import OWE, SPEAK, TELL

OPEN: Final = redis_key("open", "")
"""Prefix of the sets of an owner's jobs that have not ended."""
OWNERS: Final = redis_key("jobs", "of", "")
"""Prefix of the indices of an owner's jobs."""
_OWNED: Final = f"""
local OWNERS, OPEN = '{OWNERS}', '{OPEN}'
local function owned(command, job, id)
  local owner = redis.call('HGET', job, 'owner')
  if owner then redis.call(command, OPEN .. owner, id) end
end
"""

CREATE = (
    TELL
    + OWE
    + """
-- KEYS job, jobs, state index, active, idempotency, owner's jobs, owner's open jobs
-- ARGV id, payload, ttl ms, now, prefix of jobs' keys, most open jobs of all and of the owner
-- (-1 = any number), owner ('' = none), then field, value...
if ARGV[2] ~= '' then
  local known = redis.call('HMGET', KEYS[5], 'id', 'payload')
  if known[1] and redis.call('EXISTS', ARGV[5] .. known[1]) == 1 then
    if known[2] == ARGV[2] then return {'same', known[1]} else return {'other', known[1]} end
  end
end
local all, own = tonumber(ARGV[6]), tonumber(ARGV[7])
if all >= 0 and redis.call('ZCARD', KEYS[4]) >= all then return {'overloaded', ''} end
if own >= 0 and redis.call('SCARD', KEYS[7]) >= own then return {'full', ''} end
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[5], 'id', ARGV[1], 'payload', ARGV[2])
  redis.call('PEXPIRE', KEYS[5], ARGV[3])
end
redis.call('HSET', KEYS[1], unpack(ARGV, 9))
if ARGV[8] ~= '' then
  redis.call('ZADD', KEYS[6], 0, ARGV[1])
  redis.call('SADD', KEYS[7], ARGV[1])
end
redis.call('ZADD', KEYS[2], 0, ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1])
queue(KEYS[1], ARGV[1], true)
tell(KEYS[1], 'created')
return {'new', ARGV[1]}
"""
)

CLAIM = (
    TELL
    + OWE
    + SPEAK
    + """
-- KEYS job, leases, results, workers, attempts, index queued, index running, active, leased
-- ARGV id, work, worker, now, alive since
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return {'gone', 0} end
if state ~= 'queued' and state ~= 'running' then return {'over', 0} end
if redis.call('HEXISTS', KEYS[3], ARGV[2]) == 1 then
  local promised = redis.call('HGET', KEYS[2], 'assemble') == '?' .. ARGV[3]
  return {promised and 'promised' or 'done', 0}
end
local holder = redis.call('HGET', KEYS[2], ARGV[2])
if holder and holder ~= ARGV[3] and string.sub(holder, 1, 1) ~= '?' then
  local seen = redis.call('ZSCORE', KEYS[4], holder)
  if seen and tonumber(seen) >= tonumber(ARGV[5]) then return {'held', 0} end
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[8], 'XX', ARGV[4], ARGV[1])
redis.call('SADD', KEYS[9], ARGV[1])
if tonumber(ARGV[2]) then busy(ARGV[4]) end
if state == 'queued' and tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'state', 'running', 'started_at', ARGV[4])
  redis.call('ZREM', KEYS[6], ARGV[1])
  redis.call('ZADD', KEYS[7], 0, ARGV[1])
  queue(KEYS[1], ARGV[1], false)
  tell(KEYS[1], 'started')
end
local tries = number(redis.call('HGET', KEYS[5], ARGV[2]))
return {'run', redis.call('HGET', KEYS[5], ARGV[2] .. ':by') == ARGV[3] and tries or tries + 1}
"""
)

BEGIN = """
-- KEYS job, leases, attempts | ARGV work, worker
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'queued' and state ~= 'running' then return 0 end
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[3], ARGV[1] .. ':by') == ARGV[2] then return 1 end
redis.call('HINCRBY', KEYS[3], ARGV[1], 1)
redis.call('HSET', KEYS[3], ARGV[1] .. ':by', ARGV[2])
return 1
"""

RELEASE = """
-- KEYS leases, attempts | ARGV work, worker
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1] .. ':by')
return 1
"""

PUT_PLAN = (
    TELL
    + OWE
    + """
-- KEYS job, parts, ms of parts | ARGV plan, parts, their ms, then index, part, ms...
local state = redis.call('HGET', KEYS[1], 'state')
if (state ~= 'queued' and state ~= 'running') or redis.call('HEXISTS', KEYS[1], 'plan') == 1 then
  return 0
end
for i = 4, #ARGV, 3 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 2])
end
if ARGV[1] ~= '' then
  redis.call('HSET', KEYS[1], 'plan', ARGV[1], 'parts_total', ARGV[2], 'total_ms', ARGV[3])
  owe(KEYS[1], tonumber(ARGV[3]))
  tell(KEYS[1], 'planned')
end
return 1
"""
)

PART_DONE = (
    TELL
    + OWE
    + SPEAK
    + """
-- KEYS job, leases, results, active, failed, ms of parts
-- ARGV index, result, failed (0|1), worker, now, id, spoken just now (0|1)
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'running' and state ~= 'queued' then return -1 end
if redis.call('HSETNX', KEYS[3], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('HDEL', KEYS[2], ARGV[1])
if ARGV[3] == '1' then redis.call('SADD', KEYS[5], ARGV[1]) end
redis.call('HINCRBY', KEYS[1], 'parts_failed', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'parts_done', 1 - ARGV[3])
redis.call('ZADD', KEYS[4], 'XX', ARGV[5], ARGV[6])
local ms = number(redis.call('HGET', KEYS[6], ARGV[1]))
redis.call('HINCRBY', KEYS[1], 'done_ms', ms)
if ARGV[7] == '1' then spoke(ARGV[5], ms) end
owe(KEYS[1], -ms)
tell(KEYS[1], ARGV[3] == '1' and 'part_failed' or 'part_done', ARGV[1])
if redis.call('HLEN', KEYS[3]) == tonumber(redis.call('HGET', KEYS[1], 'parts_total')) then
  redis.call('HSET', KEYS[2], 'assemble', '?' .. ARGV[4])  -- promised, not yet claimed
  return 1
end
return 0
"""
)

FINISH = (
    TELL
    + OWE
    + _OWNED
    + """
-- KEYS job, active, leased, indices queued, running, of the new state, leases, attempts, parts...
-- (parts, results and failed are named only where nobody will need them again)
-- ARGV id, state, now, report, error
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return -1 end
if state ~= 'queued' and state ~= 'running' then return 0 end
-- First what frees: of a full Redis only a script's first write is refused, and an end makes room.
redis.call('SREM', KEYS[3], ARGV[1])
owe(KEYS[1], -owed(KEYS[1]))
queue(KEYS[1], ARGV[1], false)
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'finished_at', ARGV[3])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'report', ARGV[4]) end
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'error', ARGV[5]) end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZREM', KEYS[5], ARGV[1])
redis.call('ZADD', KEYS[6], 0, ARGV[1])
redis.call('DEL', unpack(KEYS, 7))
owned('SREM', KEYS[1], ARGV[1])
tell(KEYS[1], 'finished')
return 1
"""
)

REOPEN = (
    TELL
    + OWE
    + _OWNED
    + """
-- KEYS job, results, failed, active, indices of its state, queued, running, ms of parts
-- ARGV id, its state, now, most open jobs of all and of the owner (-1 = any number), then the parts
-- whose results are dropped
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= ARGV[2] then return 'no' end
local all, own = tonumber(ARGV[4]), tonumber(ARGV[5])
local owner = redis.call('HGET', KEYS[1], 'owner') or ''
if all >= 0 and redis.call('ZCARD', KEYS[4]) >= all then return 'overloaded' end
if own >= 0 and redis.call('SCARD', OPEN .. owner) >= own then return 'full' end
local dropped = 0
for i = 6, #ARGV do
  if redis.call('HDEL', KEYS[2], ARGV[i]) == 1 then
    dropped = dropped + number(redis.call('HGET', KEYS[8], ARGV[i]))
    local count = redis.call('SREM', KEYS[3], ARGV[i]) == 1 and 'parts_failed' or 'parts_done'
    redis.call('HINCRBY', KEYS[1], count, -1)
  end
end
redis.call('HINCRBY', KEYS[1], 'done_ms', 0 - dropped)
owe(KEYS[1], state == 'running' and dropped or owed(KEYS[1]))
if state ~= 'running' then
  local planned = redis.call('HEXISTS', KEYS[1], 'plan') == 1
  redis.call('HSET', KEYS[1], 'state', planned and 'running' or 'queued')
  redis.call('HDEL', KEYS[1], 'finished_at', 'report', 'error')
  redis.call('ZREM', KEYS[5], ARGV[1])
  redis.call('ZADD', planned and KEYS[7] or KEYS[6], 0, ARGV[1])
  if not planned then queue(KEYS[1], ARGV[1], true) end
end
redis.call('ZADD', KEYS[4], ARGV[3], ARGV[1])
owned('SADD', KEYS[1], ARGV[1])
tell(KEYS[1], state == 'running' and 'undone' or 'retried')
return 'yes'
"""
)

FORGET = (
    OWE
    + _OWNED
    + """
-- KEYS job, ms of parts, leased, then so many indices, then the job's other keys
-- ARGV id, number of indices
local state = redis.call('HGET', KEYS[1], 'state')
redis.call('SREM', KEYS[3], ARGV[1])  -- first what frees, as in FINISH
if state == 'queued' or state == 'running' then owe(KEYS[1], -owed(KEYS[1])) end
queue(KEYS[1], ARGV[1], false)
owned('SREM', KEYS[1], ARGV[1])
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner then redis.call('ZREM', OWNERS .. owner, ARGV[1]) end
local indices = 3 + tonumber(ARGV[2])
for i = 4, indices do redis.call('ZREM', KEYS[i], ARGV[1]) end
redis.call('DEL', KEYS[1], KEYS[2], unpack(KEYS, indices + 1))
return 1
"""
)

CLEAR = """
-- KEYS shelf | ARGV before, limit
local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
for _, digest in ipairs(old) do redis.call('ZREM', KEYS[1], digest) end
return old
"""

LOST = """
-- KEYS leases, workers, active, leased | ARGV id, alive since, stale before, now
-- Returns what dead workers held, or anybody held for too long; '*' where nobody holds anything of
-- a job that nobody touched lately.
local touched = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not touched then redis.call('SREM', KEYS[4], ARGV[1]) return {} end
local stale = tonumber(touched) < tonumber(ARGV[3])
local held, lost = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #held, 2 do
  local worker = held[i + 1]
  if string.sub(worker, 1, 1) == '?' then worker = string.sub(worker, 2) end
  local seen = redis.call('ZSCORE', KEYS[2], worker)
  if stale or not seen or tonumber(seen) < tonumber(ARGV[2]) then
    redis.call('HDEL', KEYS[1], held[i])
    lost[#lost + 1] = held[i]
  end
end
if #held == 0 then
  redis.call('SREM', KEYS[4], ARGV[1])
  if stale then lost[1] = '*' end
end
if stale then redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1]) end
return lost
"""
