/** Values of records as JSON in UTF-8. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeJson(content: object): Uint8Array {
  return encoder.encode(JSON.stringify(content));
}

/**
 * What `encodeJson` was given, as far as it is an object. Undefined for anything else: a record that
 * cannot be read is passed over, because the jobs matter more than what is noted beside them.
 */
export function decodeJson<Content extends object>(value: Uint8Array): Content | undefined {
  try {
    const content: unknown = JSON.parse(decoder.decode(value));
    return typeof content === "object" && content !== null ? content as Content : undefined;
  } catch {
    return undefined;
  }
}
