import { type HeaderField, HeaderList } from "./header_list.ts";

/** What a lazy request needs of the head. */
export interface RequestFacts {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly HeaderField[];
}

/**
 * A request as the Fetch standard describes it, without its body, made quicker: to make a real
 * `Request` costs Deno as much as all the rest of a small request. Its headers are made when they are
 * first asked for, and the real one when a seldom used part is. It is not an `instanceof Request`, and
 * cannot be given to `new Request`: use `clone()` for one that can.
 */
export class IncomingRequest implements Request {
  readonly method: string;
  readonly url: string;
  readonly #facts: RequestFacts;
  readonly #abortSignal: () => AbortSignal;
  #headers: HeaderList | undefined;
  #real: Request | undefined;

  constructor(facts: RequestFacts, signal: () => AbortSignal) {
    this.method = facts.method;
    this.url = facts.url;
    this.#facts = facts;
    this.#abortSignal = signal;
  }

  get headers(): Headers {
    return this.#headers ??= new HeaderList([...this.#facts.headers]);
  }

  /** As the peer's: aborted when the peer is gone. */
  get signal(): AbortSignal {
    return this.#abortSignal();
  }

  /** Bodies are read through the peer. */
  get body(): null {
    return null;
  }
  get bodyUsed(): boolean {
    return false;
  }
  get cache(): RequestCache {
    return this.#whole.cache;
  }
  get credentials(): RequestCredentials {
    return this.#whole.credentials;
  }
  get destination(): RequestDestination {
    return this.#whole.destination;
  }
  get integrity(): string {
    return this.#whole.integrity;
  }
  get isHistoryNavigation(): boolean {
    return false;
  }
  get isReloadNavigation(): boolean {
    return false;
  }
  get keepalive(): boolean {
    return this.#whole.keepalive;
  }
  get mode(): RequestMode {
    return this.#whole.mode;
  }
  get redirect(): RequestRedirect {
    return this.#whole.redirect;
  }
  get referrer(): string {
    return this.#whole.referrer;
  }
  get referrerPolicy(): ReferrerPolicy {
    return this.#whole.referrerPolicy;
  }

  clone(): Request {
    return this.#whole.clone();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.reject(readThroughPeer());
  }
  blob(): Promise<Blob> {
    return Promise.reject(readThroughPeer());
  }
  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return Promise.reject(readThroughPeer());
  }
  formData(): Promise<FormData> {
    return Promise.reject(readThroughPeer());
  }
  json(): Promise<unknown> {
    return Promise.reject(readThroughPeer());
  }
  text(): Promise<string> {
    return Promise.reject(readThroughPeer());
  }
  textStream(): ReadableStream<string> {
    throw readThroughPeer();
  }

  get #whole(): Request {
    const { method, signal } = this;
    const headers = new Headers(this.#facts.headers as HeaderField[]);
    return this.#real ??= new Request(this.url, { method, headers, signal });
  }
}

function readThroughPeer(): Error {
  return new Error(
    "Cannot read the body through the request: use the peer's `body` or `bodyPieces`",
  );
}
