/**
 * Responses with a length, so that they leave in one piece. Their bytes pass by the Fetch standard's streams:
 * the `Response` that is made here must be the one that is answered, not a copy of it.
 */

import { bytesResponse as directResponse } from "../http/mod.ts";

const encoder = new TextEncoder();

type HeaderRecord = Readonly<Record<string, string>>;

/** Any bytes. The array belongs to the response from now on. */
export function bytesResponse(
  status: number,
  bytes: Uint8Array,
  mediaType: string,
  headers: HeaderRecord = {},
): Response {
  const response = directResponse(bytes, { status, headers });
  if (!Object.hasOwn(headers, "content-type")) response.headers.set("content-type", mediaType);
  return response;
}

/** JSON on one line that ends in a line feed, as a terminal likes it. */
export function jsonResponse(
  status: number,
  value: unknown,
  headers: HeaderRecord = {},
  mediaType = "application/json",
): Response {
  return bytesResponse(status, encoder.encode(`${JSON.stringify(value)}\n`), mediaType, headers);
}

/** UTF-8 text. */
export function textResponse(
  status: number,
  text: string,
  mediaType = "text/plain; charset=utf-8",
  headers: HeaderRecord = {},
): Response {
  return bytesResponse(status, encoder.encode(text), mediaType, headers);
}

/** No body: 204, 202, 304, … */
export function emptyResponse(status: number, headers: HeaderRecord = {}): Response {
  const length = status === 204 || status === 304 ? {} : { "content-length": "0" };
  return new Response(null, { status, headers: { ...length, ...headers } });
}
