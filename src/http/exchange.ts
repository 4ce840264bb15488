import type { Connection } from "../runtime/mod.ts";
import { BodyPace } from "./body_pace.ts";
import { answerToFailure } from "./failures.ts";
import { HttpError } from "./http_error.ts";
import type { HttpHost } from "./http_host.ts";
import type { HttpPeer } from "./http_server.ts";
import { IncomingRequest } from "./incoming_request.ts";
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
  #pace: BodyPace | undefined;

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

  /** Lets the handler answer. `answered` is called once, perhaps at once, also when it failed. */
  run(host: HttpHost, answered: (response: Response) => void): void {
    const failed = (cause: unknown) => answered(answerToFailure(cause, this.head, host));
    let answer: Response | Promise<Response>;
    try {
      answer = host.handle(new IncomingRequest(this.head, () => this.signal), this);
    } catch (cause) {
      return failed(cause);
    }
    if (answer instanceof Promise) answer.then(answered, failed);
    else answered(answer);
  }

  /** To be called at each sweep: a body that comes too slowly fails. */
  sweep({ limits, sweepMs }: HttpHost): void {
    this.#pace ??= new BodyPace();
    const complaint = this.#pace.complaint(this.requestBody, limits, sweepMs);
    if (complaint === null) return;
    this.requestBody.fail(
      new HttpError("BODY_TOO_SLOW", `The body came too slowly: ${complaint}`),
    );
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
