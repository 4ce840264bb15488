import { HttpError, type HttpPeer } from "../http/mod.ts";
import type { ByteString } from "../protocol/mod.ts";
import type { Call } from "./call.ts";
import type { Gateway } from "./gateway.ts";
import { schemaErrors } from "./json_schema.ts";
import { bestOffer, contentFor, isJson, mediaTypeOf } from "./media_types.ts";
import type { OpenCalls } from "./open_calls.ts";
import type { ParameterTable, ParameterValues } from "./parameters.ts";
import { Problem } from "./problem.ts";
import type { Route } from "./route.ts";
import type { Identity } from "./trust/mod.ts";

export interface CallParts {
  readonly gateway: Gateway;
  readonly request: Request;
  readonly peer: HttpPeer;
  readonly identity: Identity;
  readonly route: Route;
  readonly parameters: ParameterTable;
  /** The path as it was sent. */
  readonly rawPath: string;
  readonly openCalls: OpenCalls;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** A request whose parameters are checked. The constructor throws `invalid-request`, `unsupported-media-type`. */
export class RequestCall implements Call {
  readonly gateway: Gateway;
  readonly request: Request;
  readonly peer: HttpPeer;
  readonly identity: Identity;
  readonly route: Route;
  readonly mediaType: string;
  readonly #openCalls: OpenCalls;
  readonly #parameters: ParameterTable;
  readonly #path: ReadonlyMap<string, ByteString>;
  readonly #values: ParameterValues;
  #url: URL | undefined;
  #body: Promise<Uint8Array> | undefined;
  #json: Promise<unknown> | undefined;
  #controller: AbortController | undefined;
  #isAnswered = false;

  constructor(
    { gateway, request, peer, identity, route, parameters, rawPath, openCalls }: CallParts,
  ) {
    this.gateway = gateway;
    this.request = request;
    this.peer = peer;
    this.identity = identity;
    this.route = route;
    this.mediaType = mediaTypeOf(request.headers.get("content-type"));
    this.#openCalls = openCalls;
    this.#parameters = parameters;
    this.#path = parameters.path(rawPath);
    this.#values = parameters.values(searchOf(request.url), request.headers);
    this.#checkMediaType();
  }

  get url(): URL {
    return this.#url ??= new URL(this.request.url);
  }

  path(name: string): ByteString {
    const value = this.#path.get(name);
    if (value === undefined) throw this.#undeclared(name);
    return value;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)?.value;
    return value === undefined ? this.#absent(name) : String(value);
  }

  number(name: string): number | undefined {
    const value = this.#values.get(name)?.value;
    return typeof value === "number" ? value : this.#absent(name);
  }

  flag(name: string): boolean {
    return this.#values.get(name)?.value === true || this.#absent(name) === true;
  }

  bytes(name: string): ByteString | undefined {
    return this.#values.get(name)?.bytes ?? this.#absent(name);
  }

  body(): Promise<Uint8Array> {
    return this.#body ??= this.peer.body(this.gateway.config.maxBodyBytes);
  }

  json(): Promise<unknown> {
    return this.#json ??= this.#parsedBody();
  }

  accepts(offered: readonly string[]): string | undefined {
    return bestOffer(this.request.headers.get("accept"), offered);
  }

  get signal(): AbortSignal {
    return (this.#controller ??= this.#linkedController()).signal;
  }

  /** The response was made. Unless it is a stream, nobody will wait any more. */
  answered(isStream: boolean): void {
    this.#isAnswered = true;
    if (this.#controller === undefined) return;
    if (isStream) this.#openCalls.goesOn(this.#controller);
    else this.#openCalls.remove(this.#controller);
  }

  /** Nobody will read the body of the response: a stream that was begun ends. */
  abandon(): void {
    this.#controller?.abort(peerGone());
    this.answered(false);
  }

  #linkedController(): AbortController {
    const controller = new AbortController();
    const { signal } = this.peer;
    const gone = () => controller.abort(peerGone());
    if (signal.aborted) gone();
    else signal.addEventListener("abort", gone, { once: true });
    this.#openCalls.add(controller);
    // A stream that asks when it is begun: nobody will say when it is over.
    if (this.#isAnswered) this.#openCalls.goesOn(controller);
    return controller;
  }

  #checkMediaType(): void {
    const { body } = this.route;
    if (body === undefined || contentFor(body.content, this.mediaType) !== undefined) return;
    // No type is no body: one that is required is missed by `json`, which says so.
    if (this.mediaType === "") return;
    const taken = Object.keys(body.content).join(", ");
    throw new Problem(
      "unsupported-media-type",
      `Cannot take a body of the type "${this.mediaType}" here: send Content-Type: ${taken}`,
      { headers: { accept: taken } },
    );
  }

  async #parsedBody(): Promise<unknown> {
    const content = this.route.body?.content ?? {};
    const entry = contentFor(content, this.mediaType);
    const bytes = await this.body();
    if (entry === undefined || !isJson(this.mediaType)) {
      const taken = Object.keys(content).filter(isJson).join(", ");
      throw new Problem(
        "invalid-request",
        `Cannot read the body: send JSON as Content-Type: ${taken}`,
        {
          errors: [{ pointer: "Content-Type", detail: "is missing" }],
        },
      );
    }
    const value = parseJson(bytes);
    const errors = entry.schema === null ? [] : schemaErrors(entry.schema, value);
    if (errors.length === 0) return value;
    const [{ pointer, detail }] = errors as [typeof errors[0] & object];
    const where = pointer === "" ? "The body" : `The body's ${pointer}`;
    throw new Problem("invalid-request", `${where} ${detail}`, { errors });
  }

  /** Undefined for a declared parameter that was not given. */
  #absent(name: string): undefined {
    if (this.#parameters.declares(name)) return undefined;
    throw this.#undeclared(name);
  }

  #undeclared(name: string): RangeError {
    return new RangeError(`Cannot read the parameter "${name}": ${this.route.operation} has none`);
  }
}

function peerGone(): HttpError {
  return new HttpError("PEER_GONE", "The peer is gone");
}

/** JSON from bytes. Throws `invalid-request`. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch (cause) {
    const detail = bytes.length === 0 ? "is empty" : (cause as Error).message;
    throw new Problem("invalid-request", `The body is no JSON: ${detail}`, {
      errors: [{ pointer: "", detail }],
    }, { cause });
  }
}

/** What stands behind the question mark, as it was sent. */
function searchOf(url: string): string {
  const at = url.indexOf("?");
  if (at < 0) return "";
  const hash = url.indexOf("#", at);
  return hash < 0 ? url.slice(at + 1) : url.slice(at + 1, hash);
}
