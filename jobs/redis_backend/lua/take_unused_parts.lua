-- Takes digests of parts off the index that nobody used since a time, and returns them.
local part_index = unpack(KEYS)
local before, limit = unpack(ARGV)

local old = redis.call('ZRANGEBYSCORE', part_index, '-inf', '(' .. before, 'LIMIT', 0, limit)
for _, digest in ipairs(old) do redis.call('ZREM', part_index, digest) end
return old
