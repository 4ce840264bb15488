import type { Connection, ConnectionHandler } from "../runtime/mod.ts";
import { Deadlines, ENDING, markOfHead, markOfIdle, NOT_WAITING } from "./deadlines.ts";
import { Exchange } from "./exchange.ts";
import { answerToFailure, withCauses } from "./failures.ts";
import { HeadReader } from "./head_reader.ts";
import { HeldBytes } from "./held_bytes.ts";
import { HttpError } from "./http_error.ts";
import type { HostedConnection, HttpHost } from "./http_host.ts";
import { refusal, RefusedRequest } from "./http_problems.ts";
import type { HttpLogLevel } from "./http_server.ts";
import { latin1Bytes } from "./latin1.ts";
import { type BodyFlow, RequestBody } from "./request_body.ts";
import { parseRequestHead, type RequestHead } from "./request_head.ts";
import type { TurnWaiter } from "./request_turns.ts";
import { sendResponse } from "./response_sender.ts";
import type { Outlet, Sending } from "./sending.ts";
import { StreamBroken } from "./stream_broken.ts";

/** Bytes of further requests that are kept while one is answered; then nothing more is read. */
const AHEAD_BYTES = 16 * 1024;

const CONTINUE = latin1Bytes("HTTP/1.1 100 Continue\r\n\r\n");

/** One connection: requests in, one after the other, and their responses out. */
export class HttpConnection
  implements ConnectionHandler, HostedConnection, Outlet, BodyFlow, TurnWaiter {
  readonly maxStreamBytes: number;
  readonly #host: HttpHost;
  readonly #socket: Connection;
  readonly #head: HeadReader;
  readonly #held = new HeldBytes();
  #state: "open" | "ending" | "closed" = "open";
  /** The request that is being answered. */
  #exchange: Exchange | null = null;
  #sending: Sending | null = null;
  /** The running response is the last. */
  #isLast = false;
  #peerEnded = false;
  #isReading = false;
  /** Whether the next request may begin: not asked yet, not yet, or yes. */
  #turn: "not asked" | "awaited" | "come" = "not asked";
  #isPaused = false;
  /** A write answered false and `drained` has not come. */
  #isBlocked = false;
  #requests = 0;
  #drains = 0;
  readonly #deadlines = new Deadlines();

  constructor(host: HttpHost, socket: Connection) {
    this.#host = host;
    this.#socket = socket;
    this.#head = new HeadReader(host.limits.maxHeadBytes);
    this.maxStreamBytes = host.limits.maxStreamBytes;
  }

  // From the socket

  data(bytes: Uint8Array): void {
    this.#host.bytes.received += bytes.length;
    if (this.#state !== "open") return;
    if (this.#held.length > 0) this.#held.push(bytes);
    else this.#read(bytes, false);
    this.flowChanged();
  }

  drained(): void {
    this.#isBlocked = false;
    this.#drains++;
    if (this.#sending !== null) this.#sending.drained();
    else this.#goOn();
  }

  ended(): void {
    this.#peerEnded = true;
    this.#exchange?.peerEnded();
    if (this.#sending?.endsWithPeer) this.drop();
    else this.#goOn();
  }

  closed(cause: unknown): void {
    this.#state = "closed";
    this.#abandon();
    if (cause !== undefined) this.#log("DEBUG", `lost: ${String(cause)}`);
    this.#host.closed(this);
  }

  // From the server

  sweep(): void {
    const verdict = this.#deadlines.sweep(this.#sendMark(), this.#receiveMark(), this.#host);
    if (verdict === "response not taken") {
      this.#log("INFO", "cut: it does not take its response");
      this.drop();
    } else if (this.#state !== "open") {
      return;
    } else if (this.#exchange !== null) {
      this.#exchange.sweep(this.#host);
    } else if (verdict === "head too slow") {
      const limit = `${this.#host.limits.headMs / 1000} s`;
      this.#refuse(new RefusedRequest("request-timeout", `The headers took more than ${limit}`));
    } else if (verdict === "idle too long") {
      this.drop();
    }
  }

  stop(): void {
    this.#isLast = true;
    if (this.#state !== "open" || this.#exchange !== null || this.#turn === "awaited") return;
    if (this.#isBlocked) this.#end();
    else this.drop();
  }

  drop(): void {
    if (this.#state === "closed") return;
    this.#state = "ending";
    this.#socket.destroy();
    this.#abandon();
  }

  turnCame(): void {
    this.#turn = "come";
    this.#goOn();
    // Of a request that has come before the stop only a part was there.
    if (this.#isLast && this.#exchange === null && this.#state === "open") this.stop();
  }

  // From the body of the request

  /** Tells a peer that waits for it to send the body; behind a response's head it is too late. */
  bodyWanted(): void {
    const exchange = this.#exchange;
    if (exchange === null || !exchange.awaitsContinue || exchange.requestBody.received > 0) return;
    exchange.awaitsContinue = false;
    if (this.#state === "open") this.write(CONTINUE);
  }

  /** Pauses or resumes the socket. */
  flowChanged(): void {
    const body = this.#exchange?.requestBody;
    const isPaused = this.#held.length >= AHEAD_BYTES ||
      (body !== undefined && !body.isComplete && !body.wantsMore);
    if (isPaused === this.#isPaused || this.#state !== "open") return;
    this.#isPaused = isPaused;
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  // From the response

  write(bytes: Uint8Array): boolean {
    this.#host.bytes.sent += bytes.length;
    if (!this.#socket.write(bytes)) this.#isBlocked = true;
    return !this.#isBlocked;
  }

  finished(): void {
    const { requestBody } = this.#exchange!;
    this.#sending = null;
    this.#exchange = null;
    if (this.#isLast || !requestBody.isComplete) {
      requestBody.fail(new HttpError("PEER_GONE", "The request was answered before its end"));
      return this.#end();
    }
    this.#goOn();
  }

  broke(why: string, cause?: unknown): void {
    if (cause === undefined) this.#log("INFO", `cut: ${why}`);
    else if (cause instanceof StreamBroken) this.#log("INFO", `cut: ${cause.message}`);
    else this.#log("ERROR", `cut: ${why}: ${withCauses(cause)}`);
    this.#sending = null;
    this.drop();
  }

  report(cause: unknown): void {
    this.#log("ERROR", `had a response that failed behind its end: ${withCauses(cause)}`);
  }

  // Reading

  #read(bytes: Uint8Array, areOwn: boolean): void {
    let at = 0;
    this.#isReading = true;
    while (at < bytes.length && this.#state === "open") {
      const body = this.#exchange?.requestBody;
      if (body === undefined && this.#mayBegin()) at = this.#readHead(bytes, at);
      else if (body !== undefined && !body.isComplete) at = body.read(bytes, at);
      else {
        if (!this.#isLast || this.#turn === "awaited") this.#held.push(bytes.subarray(at), areOwn);
        break;
      }
    }
    this.#isReading = false;
  }

  #mayBegin(): boolean {
    if (this.#isBlocked || this.#turn === "awaited") return false;
    if (this.#turn === "not asked" && !this.#host.turns.admits(this)) {
      this.#turn = "awaited";
      return false;
    }
    this.#turn = "not asked";
    return true;
  }

  #readHead(bytes: Uint8Array, at: number): number {
    let head: RequestHead;
    let end: number;
    try {
      end = this.#head.read(bytes, at);
      if (end < 0) return bytes.length;
      head = parseRequestHead(this.#head.take(bytes, at, end), this.#host.authority);
      this.#checkLength(head);
    } catch (error) {
      if (!(error instanceof RefusedRequest)) throw error;
      this.#refuse(error);
      return bytes.length;
    }
    return this.#begin(head, bytes, end);
  }

  #checkLength({ body }: RequestHead): void {
    const most = this.#host.limits.maxBodyBytes;
    if (body === "chunked" || body <= most) return;
    throw new RefusedRequest("payload-too-large", `The body has more than ${most} bytes`);
  }

  /** What is here of the body is read first: an answer that does not need it keeps the connection. */
  #begin(head: RequestHead, bytes: Uint8Array, at: number): number {
    this.#requests++;
    const body = new RequestBody(head.body, this.#host.limits, this);
    const exchange = new Exchange(this.#socket, head, body, this.#peerEnded);
    this.#exchange = exchange;
    if (!body.isComplete) at = body.read(bytes, at);
    exchange.run(this.#host, (response) => this.#answer(exchange, response));
    return at;
  }

  /** Goes on with what was held, when there is nothing to wait for. */
  #goOn(): void {
    if (this.#isReading || this.#isBlocked || this.#state !== "open") return;
    if (this.#exchange !== null || this.#turn === "awaited") return;
    if (this.#held.length > 0) this.#read(this.#held.take(), true);
    if (this.#exchange === null && this.#peerEnded && this.#state === "open") this.#end();
    this.flowChanged();
  }

  // Answering

  #answer(exchange: Exchange, response: Response): void {
    if (exchange !== this.#exchange) {
      response.body?.cancel().catch(() => {});
      return;
    }
    const { head, requestBody } = exchange;
    try {
      this.#sending = sendResponse(response, {
        method: head.method,
        isOld: head.isOld,
        now: this.#host.now(),
        closes: this.#isLast || !head.keepAlive || this.#host.isStopping,
        hasUnreadBody: !requestBody.isComplete && !requestBody.isBeingRead,
        beforeStream: () => this.bodyWanted(),
        willClose: () => this.#isLast = true,
      }, this);
    } catch (cause) {
      return this.#answer(exchange, answerToFailure(cause, head, this.#host));
    }
    exchange.awaitsContinue = false;
    if (this.#sending === null) this.finished();
    // A stream for nobody would have no end: that the peer is gone is not told twice.
    else if (this.#peerEnded && this.#sending.endsWithPeer) this.drop();
    else this.#sending.start();
  }

  #refuse(error: RefusedRequest): void {
    this.write(refusal(this.#host.problemBase, error, this.#host.now()));
    this.#end();
  }

  // Ending

  #end(): void {
    this.#state = "ending";
    this.#held.take();
    this.#socket.end();
  }

  /** What ran for the peer is told that it is gone. */
  #abandon(): void {
    const exchange = this.#exchange;
    const sending = this.#sending;
    this.#exchange = null;
    this.#sending = null;
    // First what sends: to learn of the peer's end through the signal may make it end its body.
    sending?.gone();
    exchange?.peerEnded();
  }

  #receiveMark(): number {
    if (this.#exchange !== null || this.#isBlocked || this.#turn === "awaited") return NOT_WAITING;
    return this.#head.isEmpty ? markOfIdle(this.#requests) : markOfHead(this.#requests);
  }

  #sendMark(): number {
    if (this.#state !== "open") return ENDING;
    return this.#isBlocked ? this.#drains : NOT_WAITING;
  }

  #log(level: HttpLogLevel, text: string): void {
    const { remoteAddress, remotePort } = this.#socket;
    this.#host.log(level, `HTTP connection of ${remoteAddress}:${remotePort} ${text}`);
  }
}
