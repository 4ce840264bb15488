import { KEY_DIGITS, SLOT_DIGITS } from "./key_space.ts";
import { Script } from "./script.ts";

const BUCKET_DIGITS = KEY_DIGITS - SLOT_DIGITS;

/**
 * Counts what is there. Keys: queue, buckets. Arguments: base. Answers the number of jobs there should
 * be, the number found, the highest key (\`\` for none). From then on what was found counts.
 */
export const EXTENT_SCRIPT = new Script(`
local jobs = ARGV[1] .. 'jobs:'
local found, last = 0, ''
for _, bucket in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local count = redis.call('HLEN', jobs .. bucket)
  found = found + count
  if count > 0 then last = bucket end
end
local expected = tonumber(redis.call('HGET', KEYS[1], 'jobs') or 0)
if expected ~= found then
  redis.call('HDEL', KEYS[1], 'jobs')
  redis.call('HSET', KEYS[1], 'jobs', string.format('%.0f', found))
end
if last ~= '' then
  local slots = redis.call('HKEYS', jobs .. last)
  table.sort(slots)
  last = last .. slots[#slots]
end
return {string.format('%.0f', expected), string.format('%.0f', found), last}
`);

/**
 * A page of jobs. Keys: buckets. Arguments: base, the key behind which it begins, the key up to which
 * it goes, how many jobs and bytes at most. Answers where the next page begins (\`\` at the end), then key,
 * value and life (\`\` for none) of each job. A job that is too large alone makes a page, but for its value
 * (\`\`): a script would have to copy it twice.
 */
export const JOBS_PAGE_SCRIPT = new Script(`
local after, upto = ARGV[2], ARGV[3]
local most, most_bytes = tonumber(ARGV[4]), tonumber(ARGV[5])
local call = redis.call
local many = math.floor(most / 100) + 1
local buckets = call('ZRANGEBYLEX', KEYS[1], '[' .. string.sub(after, 1, ${BUCKET_DIGITS}),
  '[' .. string.sub(upto, 1, ${BUCKET_DIGITS}), 'LIMIT', 0, many)
local page = {''}
local count, bytes = 0, 0
for i, bucket in ipairs(buckets) do
  local jobs, lives = ARGV[1] .. 'jobs:' .. bucket, ARGV[1] .. 'lives:' .. bucket
  local slots = call('HKEYS', jobs)
  local lived = call('EXISTS', lives) == 1
  table.sort(slots)
  for _, slot in ipairs(slots) do
    local key = bucket .. slot
    if key > after and key <= upto then
      local size = call('HSTRLEN', jobs, slot)
      if lived then size = size + call('HSTRLEN', lives, slot) end
      if count > 0 and (count == most or bytes + size > most_bytes) then
        page[1] = after
        return page
      end
      count = count + 1
      bytes = bytes + size
      after = key
      page[#page + 1] = key
      page[#page + 1] = size > most_bytes and '' or call('HGET', jobs, slot)
      page[#page + 1] = lived and call('HGET', lives, slot) or ''
    end
  end
  after = bucket .. '${"9".repeat(SLOT_DIGITS)}'
end
if #buckets == many and after < upto then page[1] = after end
return page
`);

/**
 * A page of records. Keys: records, names. Arguments: the name behind which it begins, how many records
 * and bytes at most. Answers where the next page begins (\`\` at the end), then name and value of each.
 */
export const RECORDS_PAGE_SCRIPT = new Script(`
local most, most_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local page = {''}
local bytes, after = 0, ''
local names = redis.call('ZRANGEBYLEX', KEYS[2], '(' .. ARGV[1], '+', 'LIMIT', 0, most)
for i, name in ipairs(names) do
  local size = redis.call('HSTRLEN', KEYS[1], name)
  if #page > 1 and bytes + size > most_bytes then
    page[1] = after
    return page
  end
  local value = redis.call('HGET', KEYS[1], name)
  if value then
    page[#page + 1] = name
    page[#page + 1] = value
    bytes = bytes + size
  end
  after = name
end
if #names == most then page[1] = after end
return page
`);
