/** How values become workloads and results, and back. */
export interface Codec<Value> {
  /** The bytes that are sent. */
  encode(value: Value): Uint8Array;
  /** The value of received bytes. May throw: the job's promise then rejects with that. */
  decode(bytes: Uint8Array): Value;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes as they are: the default. */
export const bytesCodec: Codec<Uint8Array> = {
  encode: (value) => value,
  decode: (bytes) => bytes,
};

/** Text as UTF-8. Decoding throws a `TypeError` when the bytes are not UTF-8. */
export const textCodec: Codec<string> = {
  encode: (value) => encoder.encode(value),
  decode: (bytes) => decoder.decode(bytes),
};

/** Any JSON value as UTF-8 text. No bytes at all decode to `null`. */
export const jsonCodec: Codec<unknown> = {
  encode: (value) => encoder.encode(JSON.stringify(value ?? null)),
  decode: (bytes) => bytes.length === 0 ? null : JSON.parse(decoder.decode(bytes)),
};
