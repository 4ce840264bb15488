import type { Buffer } from "node:buffer";
import { bytesOfName, type ForeignRow } from "../../src/plugin_api/mod.ts";
import { splitKey } from "./key_split.ts";
import type { RedisArgument, RedisReply } from "./connection.ts";
import { replyBytes, replyList, replyNumber, replyText, Script } from "./script.ts";

/**
 * What kind of values keys have, without the values. Arguments: the keys. Answers type, number of
 * fields, bytes of the workload and the field `function` of each.
 */
export const PEEK_SCRIPT = new Script(`
local found = {}
for i, key in ipairs(ARGV) do
  local kind = redis.call('TYPE', key).ok
  local fields, size, name = 0, 0, ''
  if kind == 'hash' then
    fields = redis.call('HLEN', key)
    size = redis.call('HSTRLEN', key, 'data')
    name = redis.call('HGET', key, 'function') or ''
  elseif kind == 'string' then
    size = redis.call('STRLEN', key)
  end
  local at = #found
  found[at + 1], found[at + 2], found[at + 3], found[at + 4] = kind, fields, size, name
end
return found
`);

/** Names of the fields of gearmand's hashes: 1.1.16 to 1.1.20 wrote the first two, later ones all four. */
const FIELDS: ReadonlySet<string> = new Set(["data", "priority", "function", "unique"]);
/** C gearmand's priority of a job of which none is kept. */
const NORMAL = 1;

/** A key that looks like one of C gearmand's, not yet read. */
export interface GearmandKey {
  readonly key: Buffer;
  /** The key without its prefix. Byte string. */
  readonly text: string;
  /** `hash`, `string`, `none` when it is gone, … */
  readonly kind: string;
  readonly fields: number;
  /** Bytes of the workload. */
  readonly size: number;
  /** The function that its value names, empty for none. Byte string. */
  readonly functionName: string;
}

/** The answer of `PEEK_SCRIPT` for these keys. */
export function peeked(keys: readonly Buffer[], start: number, reply: RedisReply): GearmandKey[] {
  const found = replyList(reply);
  return keys.map((key, i) => ({
    key,
    text: key.toString("latin1", start),
    kind: replyText(found[4 * i]),
    fields: replyNumber(found[4 * i + 1]),
    size: replyNumber(found[4 * i + 2]),
    functionName: replyText(found[4 * i + 3]),
  }));
}

/** Why a key is none of gearmand's; null when it may be one. */
export function obstacleOf({ kind, fields }: GearmandKey): string | null {
  if (kind !== "hash" && kind !== "string") return `it is a ${kind}`;
  if (fields > FIELDS.size) return `it has ${fields} fields`;
  return null;
}

/** The command that reads its value. */
export function readCommand({ key, kind }: GearmandKey): RedisArgument[] {
  return [kind === "hash" ? "HGETALL" : "GET", key];
}

/** A key and its value as a row; a text says why it is none. `guessed`: the key could be split otherwise. */
export function rowOf(
  entry: GearmandKey,
  value: RedisReply,
  known: ReadonlySet<string>,
): { readonly row: ForeignRow; readonly guessed: boolean } | string {
  const fields = entry.kind === "hash" ? fieldsIn(value) : new Map([["data", replyBytes(value)]]);
  const odd = [...fields.keys()].find((name) => !FIELDS.has(name));
  if (odd !== undefined) return `it has a field ${JSON.stringify(odd)}`;
  const data = fields.get("data");
  if (data === undefined) return 'it has no field "data"';
  const cells = { priority: fields.get("priority") ?? NORMAL, data, whenToRun: null };
  const functionName = fields.get("function");
  if (functionName !== undefined && functionName.length > 0) {
    const row = { ...cells, functionName, uniqueKey: fields.get("unique") ?? null };
    return { row, guessed: false };
  }
  const split = splitKey(entry.text, known);
  if (split === null) return "no function and unique ID can be read from its name";
  const row = {
    ...cells,
    functionName: bytesOfName(split.functionName),
    uniqueKey: bytesOfName(split.unique),
  };
  return { row, guessed: !split.certain };
}

/** The fields of a hash, by name. */
function fieldsIn(reply: RedisReply): Map<string, Buffer> {
  const flat = replyList(reply);
  const fields = new Map<string, Buffer>();
  for (let i = 0; i + 1 < flat.length; i += 2) {
    fields.set(replyText(flat[i]), replyBytes(flat[i + 1]));
  }
  return fields;
}
