import { latin1Bytes, writeLatin1 } from "./latin1.ts";

/** Up to this size a copy is cheaper than another write. */
const JOINED_BYTES = 16 * 1024;

/** What ends a body in chunks. */
export const LAST_CHUNK: Uint8Array = latin1Bytes("0\r\n\r\n");

/** Text and the bytes behind it, as one piece where that is cheaper. */
export function joined(text: string, bytes: Uint8Array): Uint8Array[] {
  if (bytes.length > JOINED_BYTES) return [latin1Bytes(text), bytes];
  const all = new Uint8Array(text.length + bytes.length);
  all.set(bytes, writeLatin1(all, 0, text));
  return [all];
}

/** A piece of a body as a chunk; an empty one would end the body and is left out. */
export function chunk(piece: Uint8Array): Uint8Array[] {
  if (piece.length === 0) return [];
  const size = `${piece.length.toString(16)}\r\n`;
  if (piece.length > JOINED_BYTES) return [latin1Bytes(size), piece, latin1Bytes("\r\n")];
  const all = new Uint8Array(size.length + piece.length + 2);
  const end = writeLatin1(all, 0, size) + piece.length;
  all.set(piece, size.length);
  writeLatin1(all, end, "\r\n");
  return [all];
}
