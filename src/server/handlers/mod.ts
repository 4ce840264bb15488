/** Which packet is handled where. Packets that are not here are answered `Command not expected`. */

import { Priority } from "../../core/mod.ts";
import { PacketType } from "../../protocol/mod.ts";
import type { PacketHandler } from "./handler.ts";
import { echo, getStatus, getStatusUnique, setOption } from "./query.ts";
import { submitJob, submitJobEpoch, submitReduceJob } from "./submit.ts";
import { workComplete, workException, workFail, workStatus, workUpdate } from "./work.ts";
import {
  canDo,
  canDoTimeout,
  cantDo,
  grabJob,
  grabJobAll,
  grabJobUnique,
  preSleep,
  resetAbilities,
  setClientId,
} from "./worker.ts";

const HANDLERS: Partial<Record<PacketType, PacketHandler>> = {
  [PacketType.SUBMIT_JOB]: submitJob(Priority.NORMAL, false),
  [PacketType.SUBMIT_JOB_BG]: submitJob(Priority.NORMAL, true),
  [PacketType.SUBMIT_JOB_HIGH]: submitJob(Priority.HIGH, false),
  [PacketType.SUBMIT_JOB_HIGH_BG]: submitJob(Priority.HIGH, true),
  [PacketType.SUBMIT_JOB_LOW]: submitJob(Priority.LOW, false),
  [PacketType.SUBMIT_JOB_LOW_BG]: submitJob(Priority.LOW, true),
  [PacketType.SUBMIT_JOB_EPOCH]: submitJobEpoch,
  [PacketType.SUBMIT_REDUCE_JOB]: submitReduceJob(false),
  [PacketType.SUBMIT_REDUCE_JOB_BACKGROUND]: submitReduceJob(true),
  [PacketType.GET_STATUS]: getStatus,
  [PacketType.GET_STATUS_UNIQUE]: getStatusUnique,
  [PacketType.ECHO_REQ]: echo,
  [PacketType.OPTION_REQ]: setOption,
  [PacketType.CAN_DO]: canDo,
  [PacketType.CAN_DO_TIMEOUT]: canDoTimeout,
  [PacketType.CANT_DO]: cantDo,
  [PacketType.RESET_ABILITIES]: resetAbilities,
  [PacketType.SET_CLIENT_ID]: setClientId,
  [PacketType.PRE_SLEEP]: preSleep,
  [PacketType.GRAB_JOB]: grabJob,
  [PacketType.GRAB_JOB_UNIQ]: grabJobUnique,
  [PacketType.GRAB_JOB_ALL]: grabJobAll,
  [PacketType.WORK_DATA]: workUpdate,
  [PacketType.WORK_WARNING]: workUpdate,
  [PacketType.WORK_STATUS]: workStatus,
  [PacketType.WORK_COMPLETE]: workComplete,
  [PacketType.WORK_FAIL]: workFail,
  [PacketType.WORK_EXCEPTION]: workException,
};

/** Handlers by packet number. */
export const PACKET_HANDLERS: readonly (PacketHandler | undefined)[] = Array.from(
  { length: PacketType.STATUS_RES_UNIQUE + 1 },
  (_, type) => HANDLERS[type as PacketType],
);

export { handleLine } from "./admin.ts";
