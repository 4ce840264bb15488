/** Numbers in packets are decimal text, read as C's library functions read them. */

import type { ByteString } from "../../protocol/mod.ts";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/**
 * As strtoll: leading white space, a sign, digits; the rest is ignored, no digits is 0.
 * Undefined when the number does not fit 64 bits; beyond 2^53 it is rounded.
 */
export function readInteger(text: ByteString): number | undefined {
  const digits = leadingInteger(text);
  const value = BigInt(digits);
  return value > INT64_MAX || value < INT64_MIN ? undefined : Number(value);
}

/** As atoi into an unsigned 32-bit field: `-7` is 4294967289 (protocol section 7, WORK_STATUS). */
export function readUint32(text: ByteString): number {
  const digits = leadingInteger(text);
  if (digits.length <= 15) return Number(digits) >>> 0;
  const value = BigInt(digits);
  return Number(
    BigInt.asUintN(32, value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : value),
  );
}

function leadingInteger(text: ByteString): string {
  const match = /^[ \t\n\v\f\r]*([+-]?)(\d+)/.exec(text);
  if (match === null) return "0";
  return match[1] === "-" ? `-${match[2]}` : match[2]!;
}
