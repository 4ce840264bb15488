import type { StartBody } from "./body_writer.ts";
import { HeaderList } from "./header_list.ts";

const NO_HEADERS: HeadersInit = [];

/**
 * A response as the Fetch standard describes it, whose body passes by the standard's streams. To make
 * a real `Response` with its headers costs Deno more than all the rest of a small answer. It is not an
 * `instanceof Response`; who makes one out of it loses the body.
 */
export class DirectResponse implements Response {
  readonly status: number;
  readonly headers: HeaderList;
  /** The body: bytes that are all there, or who writes it. */
  readonly content: Uint8Array | StartBody;
  readonly statusText = "";
  readonly type = "default";
  readonly url = "";
  readonly redirected = false;
  readonly body = null;
  readonly bodyUsed = false;

  /** Throws a `RangeError` for a status that is none of a final response, and as `HeaderList.of`. */
  constructor(
    content: Uint8Array | StartBody,
    { status = 200, headers = NO_HEADERS }: ResponseInit,
  ) {
    if (!(status >= 200 && status <= 599)) throw new RangeError(`${status} is no final status`);
    this.status = status;
    this.headers = HeaderList.of(headers);
    this.content = content;
  }

  get ok(): boolean {
    return this.status <= 299;
  }

  clone(): Response {
    return this.#real();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#real().arrayBuffer();
  }
  blob(): Promise<Blob> {
    return this.#real().blob();
  }
  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#real().bytes();
  }
  formData(): Promise<FormData> {
    return this.#real().formData();
  }
  json(): Promise<unknown> {
    return this.#real().json();
  }
  text(): Promise<string> {
    return this.#real().text();
  }
  textStream(): ReadableStream<string> {
    throw new Error("Cannot read the body of a response that is to be sent");
  }

  /** With an empty body. */
  #real(): Response {
    return new Response(null, { status: this.status, headers: new Headers(this.headers) });
  }
}
