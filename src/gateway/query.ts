import { type ByteString, byteStringFromText } from "../protocol/mod.ts";
import { percentDecode } from "./byte_text.ts";
import { Problem } from "./problem.ts";

/**
 * The parameters of a query string, `+` being a blank, as bytes: `URLSearchParams` would replace what is not
 * UTF-8. Throws `invalid-request` for wrong encoding and for a name that comes twice.
 */
export function parseQuery(search: string): Map<string, ByteString> {
  const found = new Map<string, ByteString>();
  for (const part of search.split("&")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = decode(equals < 0 ? part : part.slice(0, equals), part);
    const value = equals < 0 ? "" : decode(part.slice(equals + 1), part);
    if (found.has(name)) {
      throw new Problem("invalid-request", `The parameter "${name}" was given twice`, {
        errors: [{ pointer: name, detail: "was given twice" }],
      });
    }
    found.set(name, value);
  }
  return found;
}

function decode(text: string, part: string): ByteString {
  const bytes = percentDecode(text.replaceAll("+", " "));
  if (bytes === undefined) {
    throw new Problem("invalid-request", `Cannot decode "${part}" in the query: a % must be %25`);
  }
  // A URL is ASCII; what is not was put there by a caller without encoding.
  return /[\u0100-\uffff]/.test(bytes) ? byteStringFromText(bytes) : bytes;
}
