import { joined } from "./chunk.ts";
import type { StartBody } from "./body_writer.ts";
import { pushedBodyOf, wholeBodyOf } from "./direct_bodies.ts";
import type { Framing } from "./framing.ts";
import { latin1Bytes } from "./latin1.ts";
import { PushedSending } from "./pushed_sending.ts";
import { responseHead } from "./response_head.ts";
import type { Outlet, Sending } from "./sending.ts";
import { SlicedSending } from "./sliced_sending.ts";
import { StreamSending } from "./stream_sending.ts";

/** What a response depends on beside itself. */
export interface ResponseContext {
  readonly method: string;
  /** HTTP/1.0. */
  readonly isOld: boolean;
  readonly now: number;
  /** No further request is taken on this connection, whatever the response is. */
  readonly closes: boolean;
  /**
   * The rest of the request's body would be in the way of a further request. A response that is sent
   * over time may still read it.
   */
  readonly hasUnreadBody: boolean;
  /** The head of a response that takes its time is about to be sent. */
  beforeStream(): void;
  /** The response says itself that the connection ends. */
  willClose(): void;
}

type Body =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "none"; readonly length: number | null }
  | { readonly kind: "pushed"; readonly start: StartBody }
  | {
    readonly kind: "stream";
    readonly stream: ReadableStream<Uint8Array>;
    readonly length: number | null;
  };

const EMPTY = new Uint8Array(0);

/**
 * Sends a response's head. Answers what is to be started to send the body, or null when all was handed
 * over. Throws, before anything was sent, when there is no way to send it.
 */
export function sendResponse(
  response: Response,
  context: ResponseContext,
  outlet: Outlet,
): Sending | null {
  const { status, headers } = response;
  if (status < 200) throw new Error(`Cannot send the response: ${status} is not a final status`);
  const body = bodyOf(response, context.method);
  const framing = framingOf(body, context);
  const isStream = body.kind === "stream" || body.kind === "pushed";
  if (isStream) context.beforeStream();
  const closes = context.closes || framing === "until closed" ||
    (context.hasUnreadBody && !isStream) ||
    /\bclose\b/i.test(headers.get("connection") ?? "");
  if (closes) context.willClose();
  const head = responseHead(status, headers, {
    now: context.now,
    closes,
    saysKeepAlive: context.isOld,
    body: framing === "until closed" ? null : framing,
  });
  if (body.kind === "bytes") return sendBytes(head, body.bytes, outlet);
  outlet.write(latin1Bytes(head));
  if (body.kind === "none") return null;
  if (body.kind === "stream") return new StreamSending(body.stream, framing as Framing, outlet);
  return new PushedSending(body.start, framing as Framing, outlet);
}

/** Bytes behind their head: together where that is cheaper. */
function sendBytes(head: string, bytes: Uint8Array, outlet: Outlet): Sending | null {
  const [first, rest] = joined(head, bytes) as [Uint8Array, Uint8Array | undefined];
  outlet.write(first);
  return rest === undefined ? null : new SlicedSending(rest, outlet);
}

function bodyOf(response: Response, method: string): Body {
  const { status, headers } = response;
  const whole = wholeBodyOf(response);
  const start = pushedBodyOf(response);
  const declared = headers.get("content-length");
  const length = declared === null ? null : Number(declared);
  // RFC 9110 sections 15.3.5, 15.4.5 and 9.3.2: these have no body.
  if (status === 204 || status === 304) return without(response, null);
  if (method === "HEAD") return without(response, whole?.length ?? length);
  if (whole !== undefined) return { kind: "bytes", bytes: whole };
  if (start !== undefined) return { kind: "pushed", start };
  const stream = response.body;
  if (stream !== null) return { kind: "stream", stream, length };
  if ((length ?? 0) !== 0 || headers.has("transfer-encoding")) {
    throw new Error("Cannot send the response: its body was lost when it was copied");
  }
  return { kind: "bytes", bytes: EMPTY };
}

function without(response: Response, length: number | null): Body {
  response.body?.cancel().catch(() => {});
  return { kind: "none", length };
}

function framingOf(body: Body, { isOld }: ResponseContext): Framing | null {
  if (body.kind === "bytes") return body.bytes.length;
  if (body.kind === "none") return body.length;
  const length = body.kind === "stream" ? body.length : null;
  return length ?? (isOld ? "until closed" : "chunked");
}
