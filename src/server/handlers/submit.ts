/** SUBMIT_JOB and its variants (protocol section 6). */

import { MAX_UNIQUE_BYTES, Priority, type Submission } from "../../core/mod.ts";
import { type ByteString, ErrorReply, type Packet } from "../../protocol/mod.ts";
import type { Session } from "../session.ts";
import type { PacketHandler } from "./handler.ts";
import { readInteger } from "./numbers.ts";

/** Handles a SUBMIT_JOB of the given priority, whose client waits or does not (`background`). */
export function submitJob(priority: Priority, background: boolean): PacketHandler {
  return (session, packet) => {
    if (packet.argumentLength(1) > MAX_UNIQUE_BYTES) {
      return session.refuse(ErrorReply.UNIQUE_TOO_LARGE);
    }
    submit(session, packet, { priority, background, notBefore: 0, reducer: "" });
  };
}

/** SUBMIT_JOB_EPOCH: text instead of a number means now, as strtoll reads it. */
export function submitJobEpoch(session: Session, packet: Packet): void {
  if (packet.argumentLength(1) > MAX_UNIQUE_BYTES) {
    return session.refuse(ErrorReply.UNIQUE_TOO_LARGE);
  }
  const epoch = readInteger(packet.argument(2));
  if (epoch === undefined) return session.refuse(ErrorReply.NUMBER_OUT_OF_RANGE);
  submit(session, packet, {
    priority: Priority.NORMAL,
    background: true,
    notBefore: Math.max(0, epoch),
    reducer: "",
  });
}

/** SUBMIT_REDUCE_JOB and _BACKGROUND; the fourth argument is parsed and thrown away. */
export function submitReduceJob(background: boolean): PacketHandler {
  return (session, packet) => {
    if (
      packet.argumentLength(1) > MAX_UNIQUE_BYTES || packet.argumentLength(2) > MAX_UNIQUE_BYTES
    ) {
      return session.refuse(ErrorReply.UNIQUE_TOO_LARGE);
    }
    submit(session, packet, {
      priority: Priority.NORMAL,
      background,
      notBefore: 0,
      reducer: packet.argument(2),
    });
  };
}

type Manner = Pick<Submission, "priority" | "background" | "notBefore" | "reducer">;

function submit(session: Session, packet: Packet, manner: Manner): void {
  const { host } = session;
  const functionName = session.lastFunction = packet.argumentLike(0, session.lastFunction);
  const unique = packet.argument(1);
  const admission = host.jobServer.submit(
    {
      functionName,
      unique,
      workload: host.workloads.take(packet),
      priority: manner.priority,
      background: manner.background,
      notBefore: manner.notBefore,
      reducer: manner.reducer,
      extras: null,
    },
    manner.background ? null : session.client,
    session.lastPacketAt,
  );
  switch (admission.kind) {
    case "refused":
      return session.refuse(
        admission.reason === "queue full" ? ErrorReply.QUEUE_FULL : ErrorReply.QUEUE_REFUSED,
      );
    case "awaits store":
      session.jobCreatedWhenStored(admission.job);
      break;
    default:
      session.jobCreated(admission.job);
  }
  session.submitted++;
  if (host.logSubmission !== null) {
    host.logSubmission(functionName, unique, submissionSuffix(manner));
  }
}

/** What the log line of a submission ends in: epoch, and the reducer where there is one. */
function submissionSuffix(manner: Manner): ByteString {
  return manner.reducer === "" ? `${manner.notBefore}` : `${manner.notBefore},${manner.reducer}`;
}
