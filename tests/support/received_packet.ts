import assert from "node:assert/strict";
import {
  type ByteString,
  byteStringFrom,
  packetShape,
  type PacketTypeName,
} from "../../src/protocol/mod.ts";

/** A packet as it came over the wire, cut up by this client's own code (not by the decoder under test). */
export interface ReceivedPacket {
  readonly magic: number;
  readonly type: number;
  /** Name of the type, or `TYPE n` where the protocol has none. */
  readonly name: PacketTypeName | `TYPE ${number}`;
  readonly body: Uint8Array;
  /** The arguments that the type has, as byte strings. */
  readonly args: readonly ByteString[];
  /** The opaque rest; empty for types without one. */
  readonly data: Uint8Array;
}

/** A packet in one line, for messages of failed tests. */
export function describePacket(packet: ReceivedPacket): string {
  const data = byteStringFrom(packet.data.subarray(0, 80));
  return `${packet.name} (${packet.args.map((arg) => JSON.stringify(arg)).join(", ")})${
    packet.data.length > 0 ? ` + ${packet.data.length} bytes ${JSON.stringify(data)}` : ""
  }`;
}

/** Cuts a packet's body into arguments and data. */
export function cutUp(magic: number, type: number, body: Uint8Array): ReceivedPacket {
  const shape = packetShape(type);
  if (shape === undefined) {
    return { magic, type, name: `TYPE ${type}`, body, args: [], data: body };
  }
  const args: ByteString[] = [];
  const terminated = shape.data ? shape.args.length : shape.args.length - 1;
  let at = 0;
  for (let i = 0; i < terminated; i++) {
    const nul = body.indexOf(0, at);
    assert.notEqual(nul, -1, `${shape.name} ends within its arguments`);
    args.push(byteStringFrom(body, at, nul));
    at = nul + 1;
  }
  if (!shape.data && shape.args.length > 0) args.push(byteStringFrom(body, at));
  return {
    magic,
    type,
    name: shape.name,
    body,
    args,
    data: shape.data ? body.subarray(at) : new Uint8Array(0),
  };
}
