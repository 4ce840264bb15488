/** Text commands (admin section 3). */

import { jobRows, priorityStatusRows, statusRows, uniqueIds } from "../../core/mod.ts";
import {
  ADMIN_FUNCTION_IN_USE,
  ADMIN_FUNCTION_NOT_FOUND,
  ADMIN_OK,
  ADMIN_UNKNOWN_JOB,
  type AdminCommand,
  adminValue,
  type ByteString,
  encodeText,
  jobsReply,
  parseAdminLine,
  priorityStatusReply,
  statusReply,
  uniqueJobsReply,
  type WorkerRow,
  workersReply,
} from "../../protocol/mod.ts";
import type { Session } from "../session.ts";

/**
 * Answers a text line, in one piece: gearadmin takes a pause for the end of the reply.
 * @throws {ProtocolError} when the line has too many words.
 */
export function handleLine(session: Session, line: ByteString): void {
  const reply = answer(session, parseAdminLine(line));
  session.reply().raw(typeof reply === "string" ? encodeText(reply) : reply);
}

function answer(session: Session, command: AdminCommand): ByteString | Uint8Array {
  const { jobServer, facts } = session.host;
  const { table } = jobServer;
  switch (command.kind) {
    case "status":
      return statusReply(statusRows(table));
    case "prioritystatus":
      return priorityStatusReply(priorityStatusRows(table));
    case "workers":
      return workersReply(workerRows(session));
    case "show jobs":
      return jobsReply(jobRows(table));
    case "show unique jobs":
      return uniqueJobsReply(uniqueIds(table));
    case "version":
      return adminValue(facts.version);
    case "verbose":
      return adminValue(facts.verbose());
    case "getpid":
      return adminValue(`${facts.pid}`);
    case "cancel job":
      return jobServer.cancel(command.handle) === "unknown" ? ADMIN_UNKNOWN_JOB : ADMIN_OK;
    case "create function":
      jobServer.createFunction(command.name);
      return ADMIN_OK;
    case "drop function":
      return dropFunction(session, command.name);
    case "maxqueue":
      jobServer.setQueueLimits(command.name, command.limits);
      return ADMIN_OK;
    case "refused":
      return command.reply;
  }
}

function dropFunction({ host }: Session, name: ByteString): ByteString {
  const drop = host.jobServer.dropFunction(name);
  if (drop === "dropped") host.functionDropped(name);
  return DROP_REPLIES[drop];
}

const DROP_REPLIES = {
  "dropped": ADMIN_OK,
  "not found": ADMIN_FUNCTION_NOT_FOUND,
  "in use": ADMIN_FUNCTION_IN_USE,
} as const;

function* workerRows(session: Session): Iterable<WorkerRow> {
  for (const other of session.host.sessions()) {
    yield {
      connection: other.number,
      address: other.remoteAddress,
      clientId: other.clientId,
      functions: other.worker.abilities.map((ability) => ability.queue.name),
    };
  }
}
