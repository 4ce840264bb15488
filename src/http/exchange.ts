import type { Connection } from "../runtime/mod.ts";
import { HttpError } from "./http_error.ts";
import type { HttpPeer } from "./http_server.ts";
import type { RequestBody } from "./request_body.ts";
import type { RequestHead } from "./request_head.ts";

/** One request until its response is sent; what the handler knows of who asks. */
export class Exchange implements HttpPeer {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly head: RequestHead;
  readonly requestBody: RequestBody;
  /** The peer wants to be told to send the body. */
  awaitsContinue: boolean;
  #controller: AbortController | undefined;
  #peerGone: boolean;

  constructor(
    connection: Connection,
    head: RequestHead,
    requestBody: RequestBody,
    peerGone: boolean,
  ) {
    this.remoteAddress = connection.remoteAddress;
    this.remotePort = connection.remotePort;
    this.head = head;
    this.requestBody = requestBody;
    this.awaitsContinue = head.expectsContinue;
    this.#peerGone = peerGone;
  }

  /** Made when somebody wants it: most requests are answered before. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#peerGone) this.#controller.abort(peerGone());
    }
    return this.#controller.signal;
  }

  body(maxBytes: number): Promise<Uint8Array> {
    return this.requestBody.whole(maxBytes);
  }

  bodyPieces(maxBytes: number): AsyncIterable<Uint8Array> {
    return this.requestBody.pieces(maxBytes);
  }

  /** The peer sends no more, and perhaps is not there any more. */
  peerEnded(): void {
    if (this.#peerGone) return;
    this.#peerGone = true;
    this.requestBody.fail(peerGone());
    this.#controller?.abort(peerGone());
  }
}

function peerGone(): HttpError {
  return new HttpError("PEER_GONE", "The peer has closed the connection");
}
