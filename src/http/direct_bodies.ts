import { DirectResponse } from "./direct_response.ts";

/**
 * Bodies that pass by the Fetch standard's streams, which cost several microseconds and a copy per
 * response. The `Response` carries status and headers only and is otherwise ordinary; it must reach
 * the server as the same object. Who makes another one out of it loses the body: the server then
 * answers 500, by the marks that these leave in the headers.
 */

/** Sends a response's body piece by piece, as long as it lives. */
export interface BodyWriter {
  /**
   * Sends a piece, which belongs to the writer from now on. Answers false when the peer is behind:
   * who can, waits for `drained`; who goes on is cut once more than `maxStreamBytes` wait. After the
   * end it does nothing and answers true.
   */
  write(piece: Uint8Array): boolean;
  /** The body is complete. */
  end(): void;
}

/** Who writes a body. */
export interface BodySource {
  /** The peer takes more, after a `write` that answered false. */
  drained?(): void;
  /** It is over without `end`: the peer is gone or was cut, or the server stops. Comes once. */
  gone(): void;
}

export type StartBody = (writer: BodyWriter) => BodySource;

/** A response whose body is these bytes; they must not change until it is sent. */
export function bytesResponse(bytes: Uint8Array, init: ResponseInit = {}): Response {
  const response = new DirectResponse(bytes, init);
  response.headers.set("content-length", String(bytes.length));
  return response;
}

/**
 * A response whose body is written over time: much lighter than a `ReadableStream` where many wait.
 * `start` is called once, when the head was sent; it may write at once. It is not called when the
 * peer is gone by then, or asked for the head only.
 */
export function pushedResponse(init: ResponseInit, start: StartBody): Response {
  const response = new DirectResponse(start, init);
  response.headers.set("transfer-encoding", "chunked");
  return response;
}

export function wholeBodyOf(response: Response): Uint8Array | undefined {
  if (!(response instanceof DirectResponse)) return undefined;
  return typeof response.content === "function" ? undefined : response.content;
}

export function pushedBodyOf(response: Response): StartBody | undefined {
  if (!(response instanceof DirectResponse)) return undefined;
  return typeof response.content === "function" ? response.content : undefined;
}
