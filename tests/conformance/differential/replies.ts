import {
  bytesOf,
  type ByteString,
  byteStringFrom,
  packetShape,
  PacketType,
} from "../../../src/protocol/mod.ts";

/** One message of a server: a packet's name and body, or the text between two packets. */
export interface Reply {
  readonly name: string;
  readonly body: ByteString;
}

const HEADER_BYTES = 12;

/** Cuts what a server sent into messages, without what may differ from server to server. */
export function repliesIn(stream: Uint8Array): Reply[] {
  const text = byteStringFrom(stream);
  const replies: Reply[] = [];
  for (let at = 0; at < text.length;) {
    if (text[at] === "\0") {
      const header = new DataView(bytesOf(text.slice(at, at + HEADER_BYTES)).buffer);
      const type = header.getUint32(4);
      const end = at + HEADER_BYTES + header.getUint32(8);
      replies.push(alike(type, text.slice(at + HEADER_BYTES, end)));
      at = end;
    } else {
      const next = text.indexOf("\0RES", at);
      const end = next < 0 ? text.length : next;
      replies.push({ name: "text", body: withoutOwnFacts(text.slice(at, end)) });
      at = end;
    }
  }
  return replies;
}

/** The reference puts a NUL behind the handle of a WORK_FAIL that was an exception. */
function alike(type: number, body: ByteString): Reply {
  const name = packetShape(type)?.name ?? `TYPE ${type}`;
  return { name, body: type === PacketType.WORK_FAIL ? body.replace(/\0$/, "") : body };
}

/** Listings are in no order; versions, processes and descriptors are each server's own. */
function withoutOwnFacts(text: ByteString): ByteString {
  if (text.endsWith("\n.\n")) {
    return text.slice(0, -2).split("\n").slice(0, -1).map((line) =>
      line.replace(/^\d+ (?=127\.0\.0\.1 )/, "FD ")
    ).sort().join("\n");
  }
  return text.replace(/^OK \d[^\r\n]*\n$/, "OK NUMBER\n");
}

export function shown({ name, body }: Reply): string {
  const text = JSON.stringify(body);
  return `${name} ${text.length > 200 ? `${text.slice(0, 200)}… (${body.length} bytes)` : text}`;
}
