import { Buffer } from "node:buffer";

const NOT_BASE64 = /[^A-Za-z0-9+/_=-]/;

/**
 * The bytes that a text stands for, in memory of their own; undefined when it is no Base64. Either alphabet
 * (RFC 4648 sections 4 and 5) will do, with or without padding.
 */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  if (!isBase64(text)) return undefined;
  const buffer = Buffer.from(text, "base64");
  // Small buffers share memory with others: those are copied.
  return buffer.buffer.byteLength === buffer.length
    ? new Uint8Array(buffer.buffer, 0, buffer.length)
    : Uint8Array.prototype.slice.call(buffer);
}

function isBase64(text: string): boolean {
  if (NOT_BASE64.test(text)) return false;
  const padding = text.indexOf("=");
  if (padding < 0) return text.length % 4 !== 1;
  return text.length - padding <= 2 && !/[^=]/.test(text.slice(padding)) && text.length % 4 === 0;
}
