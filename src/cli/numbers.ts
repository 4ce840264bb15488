interface Range {
  readonly least: bigint;
  readonly most: bigint;
}

type NumberKind = "int32" | "uint16" | "uint32" | "uint64" | "count";

const UNSIGNED_BITS: Readonly<Record<string, number>> = { uint16: 16, uint32: 32, uint64: 64 };

/**
 * What each kind of number may be. Kinds without a sign take negative numbers too and wrap them, as
 * gearmand's parser does (command line section 1, observed): `--threads -1` is 2^32-1.
 */
export const RANGES: Readonly<Record<NumberKind, Range>> = {
  int32: { least: -(2n ** 31n), most: 2n ** 31n - 1n },
  uint16: { least: 1n - 2n ** 16n, most: 2n ** 16n - 1n },
  uint32: { least: 1n - 2n ** 32n, most: 2n ** 32n - 1n },
  uint64: { least: 1n - 2n ** 64n, most: 2n ** 64n - 1n },
  count: { least: 0n, most: BigInt(Number.MAX_SAFE_INTEGER) },
};

/** Whether the text is a decimal number (a sign is allowed, nothing else) within the range. */
export function isInteger(text: string, range: Range): boolean {
  if (!/^[+-]?[0-9]{1,40}$/.test(text)) return false;
  const value = BigInt(text.replace(/^\+/, ""));
  return value >= range.least && value <= range.most;
}

/** A number within its kind's range, as that kind keeps it. */
export function wrapped(kind: string, value: bigint): bigint {
  const bits = UNSIGNED_BITS[kind];
  return bits === undefined ? value : BigInt.asUintN(bits, value);
}

const UNITS = { "": 1n, K: 2n ** 10n, M: 2n ** 20n, G: 2n ** 30n } as const;

/** Bytes written as `4096`, `64K`, `16M` or `1G`; undefined when it is none of these or too large. */
export function parseSize(text: string): bigint | undefined {
  const match = /^([0-9]{1,16})([KMG]?)$/i.exec(text);
  if (match === null) return undefined;
  const bytes = BigInt(match[1]!) * UNITS[match[2]!.toUpperCase() as keyof typeof UNITS];
  return bytes <= BigInt(Number.MAX_SAFE_INTEGER) ? bytes : undefined;
}
