import type { HttpPeer } from "../http/mod.ts";
import type { ByteString } from "../protocol/mod.ts";
import type { Gateway } from "./gateway.ts";
import type { Identity } from "./trust/mod.ts";

/** Which operation was asked for: part of its `Route`. */
export interface AskedOperation {
  readonly method: string;
  /** Template. */
  readonly path: string;
  readonly operation: string;
}

/** One request on its way through a handler: parameters are checked, the caller is known. */
export interface Call {
  readonly gateway: Gateway;
  readonly request: Request;
  readonly peer: HttpPeer;
  readonly url: URL;
  readonly route: AskedOperation;
  /** Who calls. `identity.require("inspect", functionName)` throws the 403 problem. */
  readonly identity: Identity;
  /** Path parameter, percent-decoded once, as bytes; never empty, no NUL. */
  path(name: string): ByteString;
  /**
   * Query parameter or one of its headers; undefined when neither is given. Text as UTF-16 (one character per
   * byte where it is not UTF-8).
   */
  text(name: string): string | undefined;
  number(name: string): number | undefined;
  flag(name: string): boolean;
  /** The same as it came, as bytes: for function names and unique IDs. */
  bytes(name: string): ByteString | undefined;
  /** The body as it is, at most `maxBodyBytes`. Throws `payload-too-large`, `request-timeout`, … */
  body(): Promise<Uint8Array>;
  /** The JSON body, checked against the route's schema for its media type. */
  json(): Promise<unknown>;
  /** Media type of the body, lower case, without parameters; "" when there is none. */
  readonly mediaType: string;
  /** The best of `offered` by the Accept header; undefined when none is accepted. */
  accepts(offered: readonly string[]): string | undefined;
  /**
   * Aborted when nobody waits for the response any more: the caller is gone, or the gateway closes. Its
   * `reason` is what to throw then (the problem `draining` when it closes), so a call that waits ends with
   * `signal.throwIfAborted()`.
   */
  readonly signal: AbortSignal;
}
