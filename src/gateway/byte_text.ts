/**
 * Names, unique IDs and handles as people and JSON see them. Inside they are byte strings; in a URL they are
 * percent-encoded, in JSON they are text.
 */

import { bytesOf, type ByteString } from "../protocol/mod.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text that a path segment holds as it is (RFC 3986, pchar). */
const PATH_BYTES = /^[A-Za-z0-9\-._~!$&'()*+,;=:@]*$/;
/** Text that a header field holds as it is: visible ASCII but the percent sign. */
const HEADER_BYTES = /^[!-$&-~]*$/;
const ASCII = /^[\x20-\x7e]*$/;

/** As text for JSON: UTF-8 where it is valid, else percent-encoded as in a path. */
export function textForJson(bytes: ByteString): string {
  if (ASCII.test(bytes)) return bytes;
  try {
    return decoder.decode(bytesOf(bytes));
  } catch {
    return pathSegment(bytes);
  }
}

/** As one segment of a path: what `decodeSegment` turns back. */
export function pathSegment(bytes: ByteString): string {
  return encode(bytes, PATH_BYTES);
}

/** As the value of a response header: visible ASCII; other bytes, blanks and `%` are percent-encoded. */
export function textForHeader(bytes: ByteString): string {
  return encode(bytes, HEADER_BYTES);
}

/** Turns `%XX` into bytes, once; undefined when a `%` has no two hexadecimal digits behind it. */
export function percentDecode(text: string): ByteString | undefined {
  if (!text.includes("%")) return text;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** Text with half of a surrogate pair alone has no bytes: those of another text would take their place. */
export function isWholeText(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** What stands behind the name of a member that is not `isWholeText`. */
export const NOT_WHOLE_TEXT = "must be text: it has half of a surrogate pair";

function encode(bytes: ByteString, plain: RegExp): string {
  if (plain.test(bytes)) return bytes;
  let text = "";
  for (const byte of bytes) {
    text += plain.test(byte)
      ? byte
      : `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}
