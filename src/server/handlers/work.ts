/** What workers report about the jobs they hold (protocol section 7). */

import { HANDLE_BYTES_LIMIT } from "../../core/mod.ts";
import { type ByteString, ErrorReply, type Packet } from "../../protocol/mod.ts";
import type { Session } from "../session.ts";
import { readUint32 } from "./numbers.ts";
import { untilNul } from "./query.ts";

/** Longest number in WORK_STATUS, bytes. */
const STATUS_NUMBER_BYTES = 11;

/** WORK_DATA and WORK_WARNING. */
export function workUpdate(session: Session, packet: Packet): void {
  const found = session.host.jobServer.workUpdate(
    session.worker,
    handleOf(session, packet),
    packet,
  );
  if (!found) session.refuse(ErrorReply.JOB_NOT_FOUND_FOR_DATA);
}

export function workStatus(session: Session, packet: Packet): void {
  const handle = handleOf(session, packet);
  const { worker } = session;
  if (packet.argumentLength(2) > STATUS_NUMBER_BYTES && isHeld(session, handle)) {
    return session.refuse(ErrorReply.ARGUMENT_TOO_LARGE);
  }
  const found = session.host.jobServer.workStatus(
    worker,
    handle,
    readUint32(packet.argument(1)),
    readUint32(packet.argument(2)),
    packet,
  );
  if (!found) session.refuse(ErrorReply.JOB_NOT_FOUND_FOR_RESULT);
}

export function workComplete(session: Session, packet: Packet): void {
  const found = session.host.jobServer.workDone(session.worker, handleOf(session, packet), packet);
  if (found) session.jobsDone++;
  else session.refuse(ErrorReply.JOB_NOT_FOUND_FOR_RESULT);
}

export function workFail(session: Session, packet: Packet): void {
  if (packet.argumentLength(0) >= HANDLE_BYTES_LIMIT) {
    return session.refuse(ErrorReply.HANDLE_TOO_LARGE);
  }
  const handle = untilNul(handleOf(session, packet));
  const found = session.host.jobServer.workDone(session.worker, handle, packet);
  if (found) session.jobsFailed++;
  else session.refuse(ErrorReply.JOB_NOT_FOUND_FOR_RESULT);
}

export function workException(session: Session, packet: Packet): void {
  const found = session.host.jobServer.workException(
    session.worker,
    handleOf(session, packet),
    packet,
  );
  if (found) session.jobsFailed++;
  else session.refuse(ErrorReply.JOB_NOT_FOUND_FOR_EXCEPTION);
}

/** Most workers report about the job that they were given last. */
function handleOf(session: Session, packet: Packet): ByteString {
  return packet.argumentLike(0, session.lastHandle);
}

function isHeld(session: Session, handle: ByteString): boolean {
  return session.host.jobServer.heldBy(session.worker, handle) !== undefined;
}
