import {
  bytesOf,
  type ByteString,
  type DecoderLimits,
  type Packet,
  PacketDecoder,
  type PacketSink,
  type PacketTypeName,
  ProtocolError,
  type ProtocolErrorCode,
} from "../../src/protocol/mod.ts";

/** What a decoder delivered, as values that stay. */
export type Delivered =
  | {
    readonly packet: PacketTypeName;
    readonly magic: number;
    readonly args: readonly ByteString[];
    readonly data: ByteString | null;
  }
  | { readonly malformed: PacketTypeName; readonly magic: number }
  | { readonly line: ByteString }
  | { readonly error: ProtocolErrorCode };

export const LIMITS: DecoderLimits = {
  maxPacketBytes: 64 * 1024 * 1024 + 8192,
  maxArgumentBytes: 8192,
  maxLineBytes: 8192,
};

/** Keeps everything that a decoder delivers. */
export class RecordingSink implements PacketSink {
  readonly delivered: Delivered[] = [];

  packet(packet: Packet): void {
    const { args, data, name } = packet.shape;
    this.delivered.push({
      packet: name,
      magic: packet.magic,
      args: args.map((_, i) => packet.argument(i)),
      data: data ? String.fromCharCode(...packet.takeData()) : null,
    });
  }

  malformed(packet: Packet): void {
    this.delivered.push({ malformed: packet.shape.name, magic: packet.magic });
  }

  line(line: ByteString): void {
    this.delivered.push({ line });
  }
}

/** What a decoder delivers of chunks that come one after the other; an error ends the list. */
export function decoded(
  chunks: Iterable<Uint8Array>,
  limits: Partial<DecoderLimits> = {},
): Delivered[] {
  const sink = new RecordingSink();
  const decoder = new PacketDecoder(sink, { ...LIMITS, ...limits });
  for (const chunk of chunks) {
    // A runtime may use one buffer for every read: what was kept must not change with it.
    const reused = chunk.slice();
    try {
      decoder.push(reused);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      sink.delivered.push({ error: error.code });
    }
    reused.fill(0xff);
  }
  return sink.delivered;
}

/** A stream cut at the given positions. */
export function cut(stream: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const ends = [...positions, stream.length];
  return ends.map((end, i) => stream.subarray(i === 0 ? 0 : ends[i - 1]!, end));
}

/** A stream as chunks of one byte. */
export function byteByByte(stream: Uint8Array): Uint8Array[] {
  return Array.from(stream, (_, i) => stream.subarray(i, i + 1));
}

/** Bytes from hexadecimal digits; spaces do not count, text in double quotes stands for its bytes. */
export function hex(text: string): Uint8Array {
  const parts = text.match(/"[^"]*"|[0-9a-f]{2}/g) ?? [];
  return joined(
    parts.map((part) =>
      part.startsWith('"') ? bytesOf(part.slice(1, -1)) : Uint8Array.of(Number.parseInt(part, 16))
    ),
  );
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
