import { BodyBuffer } from "./body_buffer.ts";
import { type BodyDecoder, ChunkedDecoder, SizedDecoder } from "./body_decoder.ts";
import { HttpError } from "./http_error.ts";
import { RefusedRequest } from "./http_problems.ts";

/** What a body may bring before somebody reads it, and of pieces before one is taken. */
const AHEAD_BYTES = 64 * 1024;

const EMPTY = new Uint8Array(0);
/** It has nothing left to remember. */
const NO_BODY = new SizedDecoder(0);

/** What a body does to its connection. */
export interface BodyFlow {
  /** Somebody begins to read: a peer that waits for "100 Continue" is to be told. */
  bodyWanted(): void;
  /** `wantsMore` changed. */
  flowChanged(): void;
}

interface Waiting {
  resolve(): void;
  reject(error: HttpError): void;
}

/** The body of one request: bytes come from the connection, and leave as a whole or in pieces. */
export class RequestBody {
  readonly #flow: BodyFlow;
  readonly #maxBytes: number;
  readonly #length: number | "chunked";
  readonly #decoder: BodyDecoder;
  /** Made when bytes come: most requests have no body. */
  #buffer: BodyBuffer | null = null;
  #mode: "unread" | "whole" | "pieces" | "given up" = "unread";
  #limit: number;
  #received = 0;
  #failure: HttpError | null = null;
  #waiting: Waiting | null = null;
  #wantsMore: boolean;

  constructor(
    length: number | "chunked",
    limits: { readonly maxBodyBytes: number; readonly maxHeadBytes: number },
    flow: BodyFlow,
  ) {
    this.#flow = flow;
    this.#length = length;
    this.#maxBytes = limits.maxBodyBytes;
    this.#limit = limits.maxBodyBytes;
    if (length === 0) this.#decoder = NO_BODY;
    else if (length === "chunked") this.#decoder = new ChunkedDecoder(limits.maxHeadBytes);
    else this.#decoder = new SizedDecoder(length);
    this.#wantsMore = !this.isComplete;
  }

  /** All of it came. */
  get isComplete(): boolean {
    return this.#decoder.isDone;
  }

  /** Bytes that came so far. */
  get received(): number {
    return this.#received;
  }

  /** Somebody waits for bytes that have not come. */
  get isAwaited(): boolean {
    return this.#waiting !== null;
  }

  /** Somebody reads it, so that its rest will still be taken. */
  get isBeingRead(): boolean {
    return this.#failure === null && (this.#mode === "whole" || this.#mode === "pieces");
  }

  /** The connection should read on. */
  get wantsMore(): boolean {
    return this.#wantsMore;
  }

  /** Takes bytes from the connection; answers the position behind those that belong to the body. */
  read(bytes: Uint8Array, at: number): number {
    if (this.#failure !== null) return bytes.length;
    try {
      at = this.#decoder.read(bytes, at, (piece) => this.#push(piece));
    } catch (cause) {
      if (!(cause instanceof RefusedRequest)) throw cause;
      this.fail(new HttpError("BAD_REQUEST", cause.message, { cause }));
      return bytes.length;
    }
    if (this.#failure !== null) return bytes.length;
    if (this.isComplete || (this.#mode === "pieces" && this.#gathered > 0)) this.#wake();
    this.#updateFlow();
    return at;
  }

  /** No more will come. Of a body that is complete nothing is lost. */
  fail(error: HttpError): void {
    if (this.isComplete || this.#failure !== null) return;
    this.#failure = error;
    this.#buffer = null;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(error);
    this.#updateFlow();
  }

  async whole(maxBytes: number): Promise<Uint8Array> {
    this.#begin("whole", maxBytes);
    if (this.#failure !== null) throw this.#failure;
    if (!this.isComplete) await this.#more();
    return this.#buffer?.take() ?? EMPTY;
  }

  async *pieces(maxBytes: number): AsyncGenerator<Uint8Array> {
    this.#begin("pieces", maxBytes);
    try {
      for (;;) {
        if (this.#failure !== null) throw this.#failure;
        if (this.#gathered > 0) {
          const piece = this.#buffer!.take();
          this.#updateFlow();
          yield piece;
        } else if (this.isComplete) {
          return;
        } else {
          await this.#more();
        }
      }
    } finally {
      this.#mode = "given up";
      this.#updateFlow();
    }
  }

  #begin(mode: "whole" | "pieces", maxBytes: number): void {
    if (this.#mode !== "unread") {
      throw new Error("Cannot read a request's body: it was read before");
    }
    this.#mode = mode;
    this.#limit = Math.min(maxBytes, this.#maxBytes);
    const announced = this.#length === "chunked" ? this.#received : this.#length;
    if (announced > this.#limit) return this.#tooLarge();
    if (!this.isComplete) this.#flow.bodyWanted();
    this.#updateFlow();
  }

  #push(piece: Uint8Array): void {
    this.#received += piece.length;
    if (this.#failure !== null) return;
    if (this.#received > this.#limit) this.#tooLarge();
    else {
      this.#buffer ??= new BodyBuffer(this.#length === "chunked" ? Infinity : this.#length);
      this.#buffer.push(piece);
    }
  }

  /** Bytes that came and were not taken. */
  get #gathered(): number {
    return this.#buffer?.size ?? 0;
  }

  #tooLarge(): void {
    const error = new HttpError(
      "BODY_TOO_LARGE",
      `The body has more than the ${this.#limit} bytes that are taken here`,
    );
    // Also of one that is here already.
    if (this.isComplete) this.#failure ??= error;
    else this.fail(error);
  }

  #more(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve();
  }

  #updateFlow(): void {
    const wantsMore = !this.isComplete && this.#failure === null && this.#hasRoom();
    if (wantsMore === this.#wantsMore) return;
    this.#wantsMore = wantsMore;
    this.#flow.flowChanged();
  }

  #hasRoom(): boolean {
    if (this.#mode === "given up") return false;
    return this.#mode === "whole" || this.#gathered < AHEAD_BYTES;
  }
}
