import {
  type BodyWriter,
  bytesResponse,
  type HttpHandler,
  type HttpPeer,
  pushedResponse,
} from "../../src/http/mod.ts";
import { bytes, text } from "./requests.ts";

export const hello: HttpHandler = () => bytesResponse(bytes("hello"));

/** Answers with method, path and body. */
export const echo: HttpHandler = async (request, peer) => {
  const body = await peer.body(1_000_000);
  const { pathname } = new URL(request.url);
  return bytesResponse(bytes(`${request.method} ${pathname} ${text(body)}`));
};

/** Answers with the length of the body. */
export const measure: HttpHandler = async (_, peer) =>
  bytesResponse(bytes(String((await peer.body(1_000_000)).length)));

/** Requests that wait until the test answers them. */
export class Desk {
  readonly waiting: { request: Request; peer: HttpPeer; answer(response: Response): void }[] = [];
  readonly handle: HttpHandler = (request, peer) =>
    new Promise((answer) => this.waiting.push({ request, peer, answer }));
}

/** A handler whose streams the test writes. */
export class Streams {
  readonly writers: BodyWriter[] = [];
  /** `aborted`, `drained`, `gone`, in the order in which they came. */
  readonly events: string[] = [];
  readonly handle: HttpHandler = (_, peer) => {
    peer.signal.addEventListener("abort", () => this.events.push("aborted"));
    return pushedResponse({}, (writer) => {
      this.writers.push(writer);
      return {
        drained: () => void this.events.push("drained"),
        gone: () => void this.events.push("gone"),
      };
    });
  };
}
