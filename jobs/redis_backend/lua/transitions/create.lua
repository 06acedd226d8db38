-- Stores a new job, unless the idempotency key of its owner names one, or too many are open.
--
-- idempotency: hash of the job that the key names   owned, open: the owner's jobs, its open jobs
-- payload: digest of what was asked; '' = no key
-- lifetime: of the idempotency key [ms]; 0 = as long as the job is kept: it is a name of it
-- job_prefix: before an id, the key of its job      owner: '' = none
-- most_open, most_owned: most open jobs of all and of the owner; -1 = any number
-- rest: field, value, field, value … of the job's hash
--
-- Returns {verdict, id}: 'new'; 'same' with the job that the key names; 'other' where that was
-- asked with another payload; 'overloaded' or 'full' where there is no room.
local jobs, index_queued, active, idempotency, owned, open = unpack(KEYS, 7)
local payload, lifetime, now, job_prefix, most_open, most_owned, owner = unpack(ARGV, 5, 11)

if payload ~= '' then
  local known = redis.call('HMGET', idempotency, 'id', 'payload')
  if known[1] and redis.call('EXISTS', job_prefix .. known[1]) == 1 then
    return {known[2] == payload and 'same' or 'other', known[1]}
  end
end
most_open, most_owned = tonumber(most_open), tonumber(most_owned)
if most_open >= 0 and redis.call('ZCARD', active) >= most_open then return {'overloaded', ''} end
if most_owned >= 0 and redis.call('SCARD', open) >= most_owned then return {'full', ''} end
if payload ~= '' then
  redis.call('HSET', idempotency, 'id', id, 'payload', payload)
  if lifetime ~= '0' then redis.call('PEXPIRE', idempotency, lifetime) end
end
redis.call('HSET', job, unpack(ARGV, 12))
if owner ~= '' then
  redis.call('ZADD', owned, 0, id)
  redis.call('SADD', open, id)
end
redis.call('ZADD', jobs, 0, id)
redis.call('ZADD', index_queued, 0, id)
redis.call('ZADD', active, now, id)
set_queued(true)
announce('created')
return {'new', id}
