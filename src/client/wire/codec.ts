import { GearmanError } from "./errors.ts";

/** How values become workloads and results, and back. */
export interface Codec<Value> {
  /** The bytes that are sent. */
  encode(value: Value): Uint8Array;
  /** The value of received bytes. May throw: the job's promise then rejects with that. */
  decode(bytes: Uint8Array): Value;
}

/**
 * What a codec makes of a value. Where types are not checked it may be anything: that is never sent.
 * @throws {GearmanError} `INVALID_ARGUMENT`, or what the codec throws
 */
export function encoded<Value>(codec: Codec<Value>, value: Value): Uint8Array {
  const bytes: unknown = codec.encode(value);
  if (bytes instanceof Uint8Array) return bytes;
  throw new GearmanError(
    "INVALID_ARGUMENT",
    `Cannot send a value of type ${typeof value}: the codec makes no bytes of it`,
  );
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
