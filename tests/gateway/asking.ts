/** What scenes have in common: who asks, how, and what is answered. */

import { FunctionGlobs, Trust } from "../../src/gateway/trust/mod.ts";
import { TokenIdentity } from "../../src/gateway/trust/identity.ts";
import type { Role } from "../../src/gateway/route.ts";
import { HttpError, type HttpHandler, type HttpPeer } from "../../src/http/mod.ts";
import { bytesOfResponse } from "./response_body.ts";

/** Roles and function globs by token. */
export type TokenTable = Readonly<Record<string, readonly [Role, string]>>;

export interface Asked {
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  /** Instead of `body`. */
  readonly pieces?: AsyncIterable<Uint8Array>;
  readonly token?: string;
  /** Aborts when the caller is gone. */
  readonly signal?: AbortSignal;
}

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The body as JSON. */
  readonly json: Record<string, unknown>;
}

/** Lets in who has one of these tokens; without a table everybody may do everything. */
export function trustIn(tokens: TokenTable | undefined): Trust {
  if (tokens === undefined) return new Trust({ tokens: null, hostNames: null });
  const find = (token: string) => {
    const known = tokens[token];
    if (known === undefined) return "unknown";
    const [role, glob] = known;
    return new TokenIdentity(token, [role], new FunctionGlobs([glob]));
  };
  return new Trust({ tokens: { find }, hostNames: null });
}

/** The response to `GET /path`, `POST /path?x=1`, …, with its body not yet read. */
export async function respond(
  handle: HttpHandler,
  what: string,
  { headers = {}, body = "", pieces, token, signal = new AbortController().signal }: Asked,
): Promise<Response> {
  const [method, path] = what.split(" ") as [string, string];
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const peer: HttpPeer = {
    remoteAddress: "127.0.0.1",
    remotePort: 50_000,
    signal,
    body: (most) =>
      bytes.length > most
        ? Promise.reject(new HttpError("BODY_TOO_LARGE", "The body is too large"))
        : Promise.resolve(bytes),
    async *bodyPieces() {
      if (pieces !== undefined) yield* pieces;
      else yield await Promise.resolve(bytes);
    },
  };
  const authorization: Record<string, string> = token === undefined
    ? {}
    : { authorization: `Bearer ${token}` };
  const request = new Request(`http://localhost:8080${path}`, {
    method,
    headers: { ...authorization, ...headers },
  });
  return await handle(request, peer);
}

/** Reads a response to its end. */
export async function answerOf(
  response: Response,
  read: (response: Response) => Promise<Uint8Array> = bytesOfResponse,
): Promise<Answer> {
  const bytes = response.status === 204 ? new Uint8Array(0) : await read(response);
  const text = new TextDecoder().decode(bytes);
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    text,
    get json() {
      return JSON.parse(text);
    },
  };
}
