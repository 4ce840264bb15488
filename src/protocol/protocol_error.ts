/**
 * Input after which a connection can't go on (protocol section 3): there is no telling where the
 * next message starts, or taking it would cost too much.
 * - `BAD_MAGIC`: a message starts with NUL, but not with \0REQ or \0RES.
 * - `UNKNOWN_TYPE`: packet number 0, or above the last known one.
 * - `PACKET_TOO_LARGE`: the body is larger than `maxPacketBytes`.
 * - `ARGUMENTS_TOO_LARGE`: the arguments are longer than `maxArgumentBytes`.
 * - `LINE_TOO_LONG`: a text line is longer than `maxLineBytes`.
 * - `TOO_MANY_WORDS`: a text line has more than five words (admin section 1).
 */
export type ProtocolErrorCode =
  | "BAD_MAGIC"
  | "UNKNOWN_TYPE"
  | "PACKET_TOO_LARGE"
  | "ARGUMENTS_TOO_LARGE"
  | "LINE_TOO_LONG"
  | "TOO_MANY_WORDS";

export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;
  constructor(code: ProtocolErrorCode, detail: string) {
    super(detail);
    this.name = "ProtocolError";
    this.code = code;
  }
}
