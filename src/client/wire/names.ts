import { type ByteString, byteStringFromText } from "../../protocol/mod.ts";
import { GearmanError } from "./errors.ts";

/** libgearman refuses longer function names, bytes. */
const MAX_FUNCTION_BYTES = 512;
const MAX_UNIQUE_BYTES = 64;

/** A function name as it is sent. @throws {GearmanError} `INVALID_ARGUMENT` */
export function functionBytes(name: string): ByteString {
  return checked(name, "function", 1, MAX_FUNCTION_BYTES);
}

/** A unique ID as it is sent; may be empty. @throws {GearmanError} `INVALID_ARGUMENT` */
export function uniqueBytes(unique: string): ByteString {
  return checked(unique, "unique ID", 0, MAX_UNIQUE_BYTES);
}

function checked(text: string, what: string, least: number, most: number): ByteString {
  const bytes = byteStringFromText(text);
  if (bytes.length >= least && bytes.length <= most && !bytes.includes("\0")) return bytes;
  throw new GearmanError(
    "INVALID_ARGUMENT",
    `Cannot use ${what} "${text}": it must have ${least} to ${most} bytes and no NUL`,
  );
}
