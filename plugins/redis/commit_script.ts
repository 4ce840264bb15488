import type { Buffer } from "node:buffer";
import type { LeaseHolder } from "../../src/plugin_api/mod.ts";
import { ENTRY } from "./batch_format.ts";
import { KEY_DIGITS, type KeySpace, SLOT_DIGITS } from "./key_space.ts";
import { requireHeld } from "./lease_answer.ts";
import type { RedisConnection } from "./connection.ts";
import { replyNumber, Script } from "./script.ts";

/**
 * Writes entries in one step, which is done whole or not at all. Answers the number of the commit. Throws
 * `TAKEN_OVER` when the lease is another server's by now.
 */
export async function commitEntries(
  connection: RedisConnection,
  keys: KeySpace,
  { holder, term }: { readonly holder: LeaseHolder; readonly term: number },
  entries: readonly Buffer[],
): Promise<number> {
  const reply = await COMMIT_SCRIPT.run(
    connection,
    [keys.queue, keys.buckets, keys.records, keys.names],
    [holder.id, String(term), keys.base, ...entries],
  );
  return replyNumber(requireHeld(reply)[0]);
}

/** Fewer than a Lua function takes. */
const MEMBERS_AT_ONCE = 1000;

/**
 * One group commit. Keys: queue, buckets, records, names. Arguments: id and term of the lease, the base
 * of all keys, then entries as `EntryWriter` writes them. Answers `ok` and the number of this commit;
 * `fenced` and the present holder when the lease is no longer this session's; `gone` when there
 * is no queue any more.
 *
 * Redis refuses a script for lack of memory only at its first write, and only if that write may need
 * memory. Hence the order of the entries: a batch that adds jobs begins with them and is refused as a
 * whole; any other begins with a removal and passes, because it leads out of the shortage.
 */
const COMMIT_SCRIPT = new Script(`
local queue, buckets, records, names = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local jobs, lives = ARGV[3] .. 'jobs:', ARGV[3] .. 'lives:'
local call = redis.call
local held = call('HMGET', queue, 'id', 'term', 'holder')
if not held[2] then return {'gone'} end
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return {'fenced', held[3]} end
if string.lower(string.sub(ARGV[4], 1, 1)) ~= '${ENTRY.add}' then call('HDEL', queue, 'none') end

local grown, shrunk, lived = {}, {}, {}
local more = 0
local passed_over, large = false, false
local argument = 4
while argument <= #ARGV do
  local entries, at = ARGV[argument], 1
  while at <= #entries do
    local kind, bucket, slot, n1, n2, start = struct.unpack('<c1c${
  KEY_DIGITS - SLOT_DIGITS
}c${SLOT_DIGITS}I4I4', entries, at)
    local middle = start + n1
    at = middle + n2
    if kind == '${ENTRY.add}' or kind == '${ENTRY.addLarge}' then
      local job
      if kind == '${ENTRY.add}' then
        job = string.sub(entries, start, middle - 1)
      else
        argument = argument + 1
        job = ARGV[argument]
        large = true
      end
      if passed_over then
        passed_over = false
      elseif call('HSETNX', jobs .. bucket, slot, job) == 1 then
        more = more + 1
        grown[bucket] = true
        if n2 > 0 then call('HSET', lives .. bucket, slot, string.sub(entries, middle, at - 1)) end
      end
    elseif kind == '${ENTRY.remove}' then
      if call('HDEL', jobs .. bucket, slot) == 1 then
        more = more - 1
        shrunk[bucket] = true
        if lived[bucket] == nil then lived[bucket] = call('EXISTS', lives .. bucket) == 1 end
        if lived[bucket] then call('HDEL', lives .. bucket, slot) end
      end
    elseif kind == '${ENTRY.update}' then
      if call('HEXISTS', jobs .. bucket, slot) == 1 then
        call('HSET', lives .. bucket, slot, string.sub(entries, middle, at - 1))
      end
    elseif kind == '${ENTRY.put}' then
      local name = string.sub(entries, start, middle - 1)
      call('HSET', records, name, string.sub(entries, middle, at - 1))
      call('ZADD', names, 0, name)
    elseif kind == '${ENTRY.drop}' then
      local name = string.sub(entries, start, middle - 1)
      call('HDEL', records, name)
      call('ZREM', names, name)
    elseif kind == '${ENTRY.adopt}' then
      passed_over = call('DEL', string.sub(entries, start, middle - 1)) == 0
    end
  end
  argument = argument + 1
end
-- Else the memory of large jobs would be kept until some hundred scripts later.
if large then
  pcall(function()
    for i = 5, #ARGV do ARGV[i] = false end
    collectgarbage()
  end)
end

local members = {}
for bucket in pairs(grown) do
  members[#members + 1] = 0
  members[#members + 1] = bucket
  if #members >= ${MEMBERS_AT_ONCE} then
    call('ZADD', buckets, unpack(members))
    members = {}
  end
end
if #members > 0 then call('ZADD', buckets, unpack(members)) end
for bucket in pairs(shrunk) do
  if call('EXISTS', jobs .. bucket) == 0 then call('ZREM', buckets, bucket) end
end
if more ~= 0 then call('HINCRBY', queue, 'jobs', more) end
return {'ok', call('HINCRBY', queue, 'commits', 1)}
`);
