/** What any peer may ask: status, echo, options (protocol section 6). */

import { HANDLE_BYTES_LIMIT, statusOf } from "../../core/mod.ts";
import { type ByteString, ErrorReply, type Packet, PacketType } from "../../protocol/mod.ts";
import type { Session } from "../session.ts";

export function getStatus(session: Session, packet: Packet): void {
  if (packet.argumentLength(0) >= HANDLE_BYTES_LIMIT) {
    return session.refuse(ErrorReply.ARGUMENT_TOO_LARGE);
  }
  const handle = untilNul(packet.argument(0));
  const { table } = session.host.jobServer;
  const status = statusOf(table.findJob(handle));
  session.reply().text(PacketType.STATUS_RES, `${handle}\0${numbers(status)}`);
}

export function getStatusUnique(session: Session, packet: Packet): void {
  if (packet.argumentLength(0) > HANDLE_BYTES_LIMIT) {
    return session.refuse(ErrorReply.ARGUMENT_TOO_LARGE);
  }
  const unique = untilNul(packet.argument(0));
  const { table } = session.host.jobServer;
  const status = statusOf(table.findUnique(unique));
  session.reply().text(
    PacketType.STATUS_RES_UNIQUE,
    `${unique}\0${numbers(status)}\0${status.clients}`,
  );
}

function numbers(status: ReturnType<typeof statusOf>): ByteString {
  return `${status.known ? 1 : 0}\0${
    status.running ? 1 : 0
  }\0${status.numerator}\0${status.denominator}`;
}

/** Names in the last argument of a packet may carry a NUL that the sender did not mean. */
export function untilNul(text: ByteString): ByteString {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

export function echo(session: Session, packet: Packet): void {
  session.reply().forward(PacketType.ECHO_RES, packet);
}

/** `exceptions` in any case, also with a NUL behind it, is the only option there is. */
export function setOption(session: Session, packet: Packet): void {
  if (untilNul(packet.argument(0)).toLowerCase() !== "exceptions") {
    return session.refuse(ErrorReply.UNKNOWN_OPTION);
  }
  session.client.wantsExceptions = true;
  session.reply().forward(PacketType.OPTION_RES, packet);
}
