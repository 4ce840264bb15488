import type { StartBody } from "./body_writer.ts";
import { DirectResponse } from "./direct_response.ts";

/**
 * Bodies that pass by the Fetch standard's streams, which cost several microseconds and a copy per
 * response. The `Response` carries status and headers only and is otherwise ordinary; it must reach
 * the server as the same object. Who makes another one out of it loses the body: the server then
 * answers 500, by the marks that these leave in the headers.
 */

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
