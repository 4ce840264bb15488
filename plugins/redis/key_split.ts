/** Which function and unique ID a key of C gearmand's names. Byte strings. */
export interface KeySplit {
  readonly functionName: string;
  readonly unique: string;
  /** Whether no other split was possible. */
  readonly certain: boolean;
}

/** Unique IDs are at most 64 bytes on the wire (GEARMAN_MAX_UNIQUE_SIZE). */
const MAX_UNIQUE_BYTES = 64;
const HYPHEN = "-";

/**
 * Splits `FUNCTION-UNIQUE`, what stands behind the prefix of a key. Both parts may hold hyphens. Of
 * several ways, the one whose function is known from elsewhere counts, the longest if several are; else
 * the first hyphen, as in C gearmand. Null when no way makes a job.
 */
export function splitKey(text: string, known: ReadonlySet<string>): KeySplit | null {
  const ways = waysToSplit(text);
  const named = ways.filter(([functionName]) => functionName !== "");
  const likely = named.findLast(([functionName]) => known.has(functionName)) ?? named[0] ?? ways[0];
  if (likely === undefined) return null;
  const [functionName, unique] = likely;
  return { functionName, unique, certain: named.length <= 1 };
}

function waysToSplit(text: string): [functionName: string, unique: string][] {
  const ways: [string, string][] = [];
  const first = Math.max(0, text.length - MAX_UNIQUE_BYTES - 1);
  for (let at = text.indexOf(HYPHEN, first); at >= 0; at = text.indexOf(HYPHEN, at + 1)) {
    ways.push([text.slice(0, at), text.slice(at + 1)]);
  }
  return ways;
}
