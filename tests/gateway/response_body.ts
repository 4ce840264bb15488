import { wholeBodyOf } from "../../src/http/direct_bodies.ts";

/** The body of a response that did not go through a server: its own, or the one that passes by it. */
export async function bytesOfResponse(response: Response): Promise<Uint8Array> {
  return wholeBodyOf(response) ?? new Uint8Array(await response.arrayBuffer());
}

export async function textOfResponse(response: Response): Promise<string> {
  return new TextDecoder().decode(await bytesOfResponse(response));
}

export async function jsonOfResponse(response: Response): Promise<unknown> {
  return JSON.parse(await textOfResponse(response));
}
