import { Script } from "./script.ts";

/** The server's clock, milliseconds since 1970. */
const NOW = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)`;

/** Keys: queue. Answers version, holder, term, until, and milliseconds until then. */
export const READ_LEASE_SCRIPT = new Script(`${NOW}
local held = redis.call('HMGET', KEYS[1], 'version', 'holder', 'term', 'until')
return {held[1], held[2], held[3], held[4], string.format('%.0f', (tonumber(held[4]) or 0) - now)}
`);

/**
 * Takes the lease if it is still as it was read. Keys: queue. Arguments: the term and until that were
 * read, id, holder, milliseconds that it runs for, version. Answers the new term, 0 if it was not taken.
 * (Here and below, a removal comes first so that a full Redis does not refuse the script.)
 */
export const TAKE_LEASE_SCRIPT = new Script(`${NOW}
local held = redis.call('HMGET', KEYS[1], 'term', 'until')
if (held[1] or '') ~= ARGV[1] or (held[2] or '') ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], 'until')
redis.call('HSET', KEYS[1], 'id', ARGV[3], 'holder', ARGV[4],
  'until', string.format('%.0f', now + ARGV[5]), 'version', ARGV[6])
return redis.call('HINCRBY', KEYS[1], 'term', 1)
`);

/**
 * Begins another session of the holder, with a higher term: what the session before has sent and not
 * heard of takes effect before this or never. A queue that is gone is begun anew. Keys: queue.
 * Arguments: id, holder, the last term known, milliseconds that it runs for, version. Answers \`ok\`, the term
 * and the number of commits; \`fenced\` and the holder when somebody else has or had the lease.
 */
export const RESUME_SCRIPT = new Script(`${NOW}
local held = redis.call('HMGET', KEYS[1], 'id', 'term', 'holder', 'commits')
if held[2] and held[1] ~= ARGV[1] then return {'fenced', held[3]} end
local term = string.format('%.0f', math.max(tonumber(held[2]) or 0, tonumber(ARGV[3])) + 1)
redis.call('HDEL', KEYS[1], 'until')
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'holder', ARGV[2], 'term', term,
  'until', string.format('%.0f', now + ARGV[4]), 'version', ARGV[5])
return {'ok', term, held[4] or 0}
`);

/** Keys: queue. Arguments: id, term, milliseconds. Answers \`ok\`; \`gone\`; \`fenced\` and the holder. */
export const RENEW_LEASE_SCRIPT = new Script(`${NOW}
local held = redis.call('HMGET', KEYS[1], 'id', 'term', 'holder')
if not held[2] then return {'gone'} end
if held[1] ~= ARGV[1] or held[2] ~= ARGV[2] then return {'fenced', held[3]} end
redis.call('HDEL', KEYS[1], 'until')
redis.call('HSET', KEYS[1], 'until', string.format('%.0f', now + ARGV[3]))
return {'ok'}
`);

/** Gives the lease back. Keys: queue. Arguments: id, term. */
export const RELEASE_LEASE_SCRIPT = new Script(`
local held = redis.call('HMGET', KEYS[1], 'id', 'term')
if held[1] == ARGV[1] and held[2] == ARGV[2] then
  redis.call('HDEL', KEYS[1], 'id', 'holder', 'until')
end
return {'ok'}
`);
