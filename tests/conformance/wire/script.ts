/**
 * The language of wire scripts: what is sent on which connection, and exactly what must come back.
 * Text in scripts is a byte string (one character per byte) that may hold marks (marks.ts).
 */

import { packetShape, PacketType, type PacketTypeName } from "../../../src/protocol/mod.ts";

/** Bytes of one packet, or plain bytes when there is no `head`. */
export interface Message {
  readonly head?: {
    readonly magic: "REQ" | "RES";
    readonly type: number;
    /** What the header says instead of the body's real size. */
    readonly size?: number;
  };
  readonly body: string;
}

/** Name of a connection; it is opened when it is first used. */
export type Peer = string;

export type Step =
  /** All messages in one write. */
  | { readonly do: "send"; readonly who: Peer; readonly messages: readonly Message[] }
  /** Exactly these bytes come next. */
  | { readonly do: "receive"; readonly who: Peer; readonly messages: readonly Message[] }
  /** Nothing has come: each in turn gets the answer to an ECHO_REQ first. */
  | { readonly do: "silent"; readonly who: readonly Peer[] }
  /** The server closes, and sends nothing before that. */
  | { readonly do: "closed"; readonly who: Peer }
  | { readonly do: "half-close" | "close" | "reset"; readonly who: Peer }
  /**
   * A listing: its lines in any order, without those that speak of other scripts' names unless
   * `whole`. A connection's number is replaced by `FD`. With `until` it is asked for again until it
   * is as expected.
   */
  | {
    readonly do: "list";
    readonly who: Peer;
    readonly command: string;
    readonly lines: readonly string[];
    readonly until: boolean;
    readonly whole: boolean;
  }
  /** Asks again until the reply is as expected. */
  | { readonly do: "until"; readonly who: Peer; readonly request: Message; readonly reply: Message }
  | { readonly do: "steps"; readonly steps: readonly Step[] }
  /** Where cogd differs on purpose; `entry` names the line in docs/differences.md. */
  | {
    readonly do: "differs";
    readonly entry: string;
    readonly gearmand: readonly Step[];
    readonly cogd: readonly Step[];
  };

/** A script with what it shows. */
export interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
}

// Messages

/** A request with its arguments and, for types that carry it, data. */
export function req(name: PacketTypeName, ...parts: readonly string[]): Message {
  return packet("REQ", name, parts);
}

/** A reply, likewise. */
export function res(name: PacketTypeName, ...parts: readonly string[]): Message {
  return packet("RES", name, parts);
}

function packet(magic: "REQ" | "RES", name: PacketTypeName, parts: readonly string[]): Message {
  const type = PacketType[name];
  const shape = packetShape(type)!;
  const wanted = shape.args.length + (shape.data ? 1 : 0);
  if (parts.length !== wanted) {
    throw new Error(`${name} takes ${wanted} parts in a script, got ${parts.length}`);
  }
  return { head: { magic, type }, body: parts.join("\0") };
}

/** A packet whose body, magic or size need not fit its type. */
export function oddPacket(
  type: PacketTypeName | number,
  body: string,
  head: { magic?: "REQ" | "RES"; size?: number } = {},
): Message {
  const number = typeof type === "number" ? type : PacketType[type];
  return { head: { magic: "REQ", type: number, ...head }, body };
}

/** Bytes as they stand there: a text line, or anything else. */
export function text(bytes: string): Message {
  return { body: bytes };
}

/** An ERROR reply. */
export function error(code: string, explanation: string): Message {
  return res("ERROR", code, explanation);
}

export const NOOP = res("NOOP");
export const NO_JOB = res("NO_JOB");

// Steps

export function send(who: Peer, ...messages: readonly Message[]): Step {
  return { do: "send", who, messages };
}

export function receive(who: Peer, ...messages: readonly Message[]): Step {
  return { do: "receive", who, messages };
}

/** Sends one request and receives its replies. */
export function ask(who: Peer, request: Message, ...replies: readonly Message[]): Step {
  return { do: "steps", steps: [send(who, request), receive(who, ...replies)] };
}

/** Asks a text command that has a one-line answer. */
export function askText(who: Peer, line: string, reply: string): Step {
  return ask(who, text(line), text(reply));
}

export function silent(...who: readonly Peer[]): Step {
  return { do: "silent", who };
}

export function closed(who: Peer): Step {
  return { do: "closed", who };
}

/** Ends the sending side. */
export function halfClose(who: Peer): Step {
  return { do: "half-close", who };
}

export function close(who: Peer): Step {
  return { do: "close", who };
}

/** Closes with RST. */
export function reset(who: Peer): Step {
  return { do: "reset", who };
}

export function list(who: Peer, command: string, ...lines: readonly string[]): Step {
  return { do: "list", who, command, lines, until: false, whole: false };
}

/** A listing with all that the server knows, for scripts that have a server to themselves. */
export function listWhole(who: Peer, command: string, ...lines: readonly string[]): Step {
  return { do: "list", who, command, lines, until: false, whole: true };
}

/** Waits until a listing is so: for what the server only notices after a while, like a lost peer. */
export function listUntil(who: Peer, command: string, ...lines: readonly string[]): Step {
  return { do: "list", who, command, lines, until: true, whole: false };
}

export function until(who: Peer, request: Message, reply: Message): Step {
  return { do: "until", who, request, reply };
}

/** Several steps as one, so that scripts can share what they begin with. */
export function steps(...parts: readonly Step[]): Step {
  return { do: "steps", steps: parts };
}

/** Both transcripts of a deliberate difference. */
export function differs(
  entry: string,
  sides: { readonly gearmand: readonly Step[]; readonly cogd: readonly Step[] },
): Step {
  return { do: "differs", entry, ...sides };
}

/** All steps, those of both sides of a difference and those within others included. */
export function* everyStep(parts: readonly Step[]): Generator<Step> {
  for (const step of parts) {
    yield step;
    if (step.do === "steps") yield* everyStep(step.steps);
    if (step.do === "differs") {
      yield* everyStep(step.gearmand);
      yield* everyStep(step.cogd);
    }
  }
}
