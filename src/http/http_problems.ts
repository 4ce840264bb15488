import { latin1Bytes } from "./latin1.ts";
import { responseHead } from "./response_head.ts";

/** What this layer refuses by itself: status and title (RFC 9457) by the stable name of the problem. */
export const HTTP_PROBLEMS = {
  "invalid-request": { status: 400, title: "The request is not valid" },
  "request-timeout": { status: 408, title: "The request came too slowly" },
  "payload-too-large": { status: 413, title: "The body is too large" },
  "uri-too-long": { status: 414, title: "The request line is too long" },
  "expectation-failed": { status: 417, title: "The expectation cannot be met" },
  "headers-too-large": { status: 431, title: "The headers are too large" },
  "internal-error": { status: 500, title: "The server failed" },
  "not-implemented": { status: 501, title: "This part of HTTP is not served" },
  "too-many-connections": { status: 503, title: "Too many connections are open" },
  "version-not-supported": { status: 505, title: "This version of HTTP is not served" },
} as const;

export type HttpProblemType = keyof typeof HTTP_PROBLEMS;

/** A request that cannot be taken as it stands. `message` tells the peer what is wrong. */
export class RefusedRequest extends Error {
  readonly type: HttpProblemType;
  constructor(type: HttpProblemType, message: string) {
    super(message);
    this.name = "RefusedRequest";
    this.type = type;
  }
}

export const PROBLEM_HEADERS = {
  "content-type": "application/problem+json",
  "cache-control": "no-store",
} as const;

/** The problem as JSON text, ASCII only where `base` and `detail` are. */
export function problemText(base: string, type: HttpProblemType, detail: string): string {
  const { status, title } = HTTP_PROBLEMS[type];
  return JSON.stringify({ type: base + type, title, status, detail });
}

/** A whole response that refuses a request and ends the connection. */
export function refusal(
  base: string,
  { type, message }: RefusedRequest,
  now: number,
): Uint8Array {
  const text = problemText(base, type, message);
  const head = responseHead(HTTP_PROBLEMS[type].status, new Headers(PROBLEM_HEADERS), {
    now,
    closes: true,
    saysKeepAlive: false,
    body: text.length,
  });
  return latin1Bytes(head + text);
}
