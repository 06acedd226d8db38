-- Gives a lease back, if this worker has it.
local leases, attempts = unpack(KEYS)
local work, worker = unpack(ARGV)

if redis.call('HGET', leases, work) ~= worker then return 0 end
redis.call('HDEL', leases, work)
redis.call('HDEL', attempts, work .. ':by', work .. ':since', work .. ':refused')
return 1
