import { Buffer } from "node:buffer";
import {
  bytesOfName,
  type ExportOutcome,
  type ExportPlan,
  GearmandExport,
  type GearmandLayout,
  type StoredJob,
} from "../../src/plugin_api/mod.ts";
import { keyDigits, type KeySpace, SLOT_DIGITS } from "./key_space.ts";
import { requireHeld } from "./lease_answer.ts";
import type { OpenQueue } from "./open_queue.ts";
import type { RedisArgument } from "./connection.ts";
import { ReplayReader } from "./replay_reader.ts";
import { replyNumber, Script } from "./script.ts";

/** Arguments for a job: foreign key, data, priority, function, unique, bucket, slot. */
const JOB_ARGUMENTS = 7;

/**
 * Writes hashes as C gearmand has them and removes their jobs, in one step. Keys: queue, buckets. Arguments:
 * id and term of the lease, base of all keys, `keep` or `move`, `two` or `four` fields, then the jobs.
 * Answers `ok` and for each job 1, or 0 where the key was there already.
 */
const EXPORT_SCRIPT = new Script(`
local queue, buckets = KEYS[1], KEYS[2]
local call = redis.call
local held = call('HMGET', queue, 'id', 'term', 'holder')
if not held[2] then return {'gone'} end
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return {'fenced', held[3]} end
local jobs, lives = ARGV[3] .. 'jobs:', ARGV[3] .. 'lives:'
local answer, gone = {'ok'}, 0
for i = 6, #ARGV, ${JOB_ARGUMENTS} do
  local key, bucket, slot = ARGV[i], ARGV[i + 5], ARGV[i + 6]
  if call('EXISTS', key) == 1 then
    answer[#answer + 1] = 0
  else
    call('HSET', key, 'data', ARGV[i + 1], 'priority', ARGV[i + 2])
    if ARGV[5] == 'four' then call('HSET', key, 'function', ARGV[i + 3], 'unique', ARGV[i + 4]) end
    answer[#answer + 1] = 1
    if ARGV[4] == 'move' then
      gone = gone + call('HDEL', jobs .. bucket, slot)
      call('HDEL', lives .. bucket, slot)
      if call('EXISTS', jobs .. bucket) == 0 then call('ZREM', buckets, bucket) end
    end
  end
end
if gone > 0 then call('HINCRBY', queue, 'jobs', -gone) end
call('HINCRBY', queue, 'commits', 1)
return answer
`);

/**
 * Moves the queued jobs into C gearmand's keys, page by page, each page in one step. Keys that are there stay,
 * and win.
 */
export async function exportJobs(
  queue: OpenQueue,
  end: string,
  plan: ExportPlan,
): Promise<ExportOutcome> {
  const { session, driver, keys } = queue;
  const tally = new GearmandExport(layoutFor(keys, plan), plan);
  const reader = new ReplayReader(session, keys, driver.place, end);
  for await (const page of reader.pages()) {
    const jobs = page.jobs.filter((job) => tally.accepts(job));
    if (jobs.length === 0) continue;
    const operation = { action: "write to", deadlineMs: 60_000, writes: true };
    const written = await session.run(operation, async (connection) => {
      const reply = await EXPORT_SCRIPT.run(connection, [keys.queue, keys.buckets], [
        driver.holder.id,
        String(driver.term),
        keys.base,
        plan.keep ? "keep" : "move",
        plan.reader === "gearmand-1" ? "two" : "four",
        ...jobs.flatMap((job) => argumentsOf(job, keys)),
      ]);
      return requireHeld(reply).map(replyNumber);
    });
    for (const [i, job] of jobs.entries()) {
      if (written[i] === 1) tally.wrote();
      else tally.collided(job);
    }
  }
  return tally.outcome(`keys ${keys.gearmandPrefix}-… of ${driver.place}`);
}

function argumentsOf(job: StoredJob, keys: KeySpace): RedisArgument[] {
  const { functionName, unique, priority, workload } = job;
  const digits = keyDigits(job.key);
  return [
    bytesOfName(`${keys.gearmandPrefix}-${functionName}-${unique}`),
    Buffer.from(workload.buffer, workload.byteOffset, workload.length),
    String(priority),
    bytesOfName(functionName),
    bytesOfName(unique),
    digits.slice(0, -SLOT_DIGITS),
    digits.slice(-SLOT_DIGITS),
  ];
}

/**
 * gearmand keeps no times in Redis, cuts workloads at a NUL, and leaves keys without a unique ID for ever. Up
 * to 1.1 it reads hashes of two fields and takes function and unique ID out of the key, up to the next hyphen;
 * later ones have them in fields.
 */
function layoutFor(keys: KeySpace, { reader }: ExportPlan): GearmandLayout {
  return {
    maxFunctionBytes: 511,
    textNames: false,
    keepsTimes: false,
    obstacle({ functionName, unique, workload }) {
      if (workload.includes(0)) return "its workload has a NUL, at which gearmand would cut it";
      if (unique === "") return "it has no unique ID, and gearmand would never take it up again";
      if (functionName === "") return "its function has no name";
      if (reader === "gearmand-2") return null;
      if (functionName.includes("-")) {
        return "its function has a hyphen, at which gearmand 1.1 would cut it (--to gearmand-2 does not)";
      }
      if (unique.includes("*")) return "its unique ID has a *, at which gearmand would cut it";
      return keys.gearmandPrefix.includes("-") ? "the prefix of the keys has a hyphen" : null;
    },
  };
}
