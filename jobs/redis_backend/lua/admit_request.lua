-- Counts a request against an API key's rate: the generic cell rate algorithm.
-- Source: ITU-T I.371 annex A, virtual scheduling. A request conforms if it comes no earlier than
-- (burst - 1) intervals before its theoretical arrival time. One number per key, no drift; the clock
-- is Redis' own, so that all API processes agree.
--
-- arrival: the theoretical arrival time [µs]     interval: between two requests [µs]
--
-- Returns '0', or how long to wait [µs].
local arrival = unpack(KEYS)
local interval, burst = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = math.max(tonumber(redis.call('GET', arrival) or 0), now)
local early = due - now - interval * (burst - 1)
if early > 0 then return string.format('%.0f', math.ceil(early)) end
local following = due + interval
local life = math.ceil((following - now) / 1000)
redis.call('SET', arrival, string.format('%.0f', following), 'PX', string.format('%.0f', life))
return '0'
