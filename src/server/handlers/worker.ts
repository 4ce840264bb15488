/** What workers ask for: abilities, sleep, jobs (protocol section 7). */

import { type Job, MAX_CLIENT_ID_BYTES } from "../../core/mod.ts";
import { type ByteString, ErrorReply, type Packet, PacketType } from "../../protocol/mod.ts";
import type { Session } from "../session.ts";
import { readInteger } from "./numbers.ts";
import { untilNul } from "./query.ts";

/** A shorter time-out is raised to this, milliseconds. */
const SHORTEST_TIMEOUT = 1000;
/** Digits of the longest time-out that is accepted. */
const TIMEOUT_DIGITS = 20;
/** The longest time-out that counts, milliseconds: a signed 32-bit number, about 24 days. */
const LONGEST_TIMEOUT = 0x7fffffff;

export function canDo(session: Session, packet: Packet): void {
  session.host.jobServer.canDo(session.worker, packet.argument(0), 0, session.host.now());
}

/** The time-out is in milliseconds; 0, negative or text mean none. */
export function canDoTimeout(session: Session, packet: Packet): void {
  const text = packet.argument(1);
  const timeout = text.length > TIMEOUT_DIGITS ? undefined : readInteger(text);
  if (timeout === undefined || timeout > LONGEST_TIMEOUT) {
    return session.refuse(ErrorReply.NUMBER_OUT_OF_RANGE);
  }
  const timeoutMs = timeout <= 0 ? 0 : Math.max(SHORTEST_TIMEOUT, timeout);
  session.host.jobServer.canDo(session.worker, packet.argument(0), timeoutMs, session.host.now());
}

export function cantDo(session: Session, packet: Packet): void {
  session.host.jobServer.cantDo(session.worker, packet.argument(0), session.host.now());
}

export function resetAbilities(session: Session): void {
  session.host.jobServer.resetAbilities(session.worker, session.host.now());
}

export function setClientId(session: Session, packet: Packet): void {
  session.clientId = untilNul(packet.argument(0)).slice(0, MAX_CLIENT_ID_BYTES);
}

export function preSleep(session: Session): void {
  session.host.jobServer.preSleep(session.worker, session.lastPacketAt);
}

export function grabJob(session: Session): void {
  const job = grab(session);
  if (job !== undefined) {
    assign(session, PacketType.JOB_ASSIGN, [job.handle, job.queue.name], job);
  }
}

export function grabJobUnique(session: Session): void {
  const job = grab(session);
  if (job !== undefined) assignUnique(session, job);
}

/** JOB_ASSIGN_ALL only for a job with a reducer; libgearman relies on it. */
export function grabJobAll(session: Session): void {
  const job = grab(session);
  if (job === undefined) return;
  if (job.reducer === "") return assignUnique(session, job);
  const args = [job.handle, job.queue.name, job.unique, job.reducer];
  assign(session, PacketType.JOB_ASSIGN_ALL, args, job);
}

function assignUnique(session: Session, job: Job): void {
  const args = [job.handle, job.queue.name, job.unique];
  assign(session, PacketType.JOB_ASSIGN_UNIQ, args, job);
}

function assign(session: Session, type: PacketType, args: readonly ByteString[], job: Job): void {
  session.reply().assignment(type, args, job.workload);
}

function grab(session: Session): Job | undefined {
  const { host } = session;
  const job = host.jobServer.grab(session.worker, session.lastPacketAt);
  if (job === undefined) session.reply().empty(PacketType.NO_JOB);
  else session.lastHandle = job.handle;
  return job;
}
