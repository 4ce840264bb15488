/** What a header's name may be (RFC 9110 section 5.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** More spellings than all clients of a server have together; longer names are read anew each time. */
const SPELLINGS = 512;
const LONGEST_KEPT = 40;

/**
 * The spellings met last, each at the place that its length and two of its characters say. The same
 * few come with each request, and a string that is there already is found much quicker in a `Map`
 * than one that was just made (docs/decisions/hot-path.md).
 */
const spellings: (Spelling | undefined)[] = Array.from({ length: SPELLINGS }, () => undefined);

interface Spelling {
  readonly given: string;
  readonly lower: string;
}

/** The part of `text` from `start` to `end` as a header's name in lower case; undefined when it is none. */
export function headerNameAt(text: string, start: number, end: number): string | undefined {
  const length = end - start;
  if (length === 0 || length > LONGEST_KEPT) return lowerName(text.slice(start, end));
  const place = placeOf(text, start, end);
  const kept = spellings[place];
  if (kept !== undefined && kept.given.length === length && text.startsWith(kept.given, start)) {
    return kept.lower;
  }
  const given = text.slice(start, end);
  const lower = lowerName(given);
  if (lower !== undefined) spellings[place] = { given, lower };
  return lower;
}

/** A header's name in lower case. Throws a `TypeError` when it is none. */
export function headerName(name: string): string {
  const lower = headerNameAt(name, 0, name.length);
  if (lower === undefined) throw new TypeError(`"${name}" is not the name of a header`);
  return lower;
}

function placeOf(text: string, start: number, end: number): number {
  const sum = 31 * text.charCodeAt(start) + 7 * text.charCodeAt(end - 1) +
    53 * text.charCodeAt((start + end) >> 1);
  return (sum + 131 * (end - start)) % SPELLINGS;
}

function lowerName(name: string): string | undefined {
  return TOKEN.test(name) ? name.toLowerCase() : undefined;
}
