import { bytesOf, type ByteString, type PacketContent, PacketType } from "../../protocol/mod.ts";
import { functionBytes, GearmanError, uniqueBytes } from "../wire/mod.ts";

/** In which line of the function's queue a job waits. */
export type JobPriority = "high" | "normal" | "low";

/** A job as it is submitted. */
export interface Submission {
  readonly functionName: string;
  readonly workload: Uint8Array;
  readonly unique: string;
  readonly priority: JobPriority;
  readonly background: boolean;
  /** Epoch seconds before which it must not run; undefined = at once. Always in the background. */
  readonly notBefore?: number | undefined;
  /** Reducer function of a reduce job. */
  readonly reducer?: string | undefined;
}

/** A packet that is ready to be sent. */
export interface OutgoingPacket {
  readonly type: PacketType;
  readonly content: PacketContent;
}

const FOREGROUND = {
  high: PacketType.SUBMIT_JOB_HIGH,
  normal: PacketType.SUBMIT_JOB,
  low: PacketType.SUBMIT_JOB_LOW,
} as const;

const BACKGROUND = {
  high: PacketType.SUBMIT_JOB_HIGH_BG,
  normal: PacketType.SUBMIT_JOB_BG,
  low: PacketType.SUBMIT_JOB_LOW_BG,
} as const;

/** The packet of a submission. @throws {GearmanError} `INVALID_ARGUMENT` */
export function submissionPacket(submission: Submission): OutgoingPacket {
  const { workload: data, background, priority, notBefore, reducer } = submission;
  const args: (ByteString | Uint8Array)[] = [
    functionBytes(submission.functionName),
    uniqueBytes(submission.unique),
  ];
  if (reducer !== undefined) {
    // The protocol's document lists three arguments, servers wait for a fourth, which they ignore.
    args.push(uniqueBytes(reducer), "");
    const type = background
      ? PacketType.SUBMIT_REDUCE_JOB_BACKGROUND
      : PacketType.SUBMIT_REDUCE_JOB;
    return { type, content: { args, data } };
  }
  if (notBefore !== undefined) {
    args.push(bytesOf(`${checkedTime(notBefore)}`));
    return { type: PacketType.SUBMIT_JOB_EPOCH, content: { args, data } };
  }
  const type = background ? BACKGROUND[priority] : FOREGROUND[priority];
  return { type, content: { args, data } };
}

function checkedTime(seconds: number): number {
  const whole = Math.trunc(seconds);
  if (Number.isSafeInteger(whole) && whole >= 0) return whole;
  throw new GearmanError(
    "INVALID_ARGUMENT",
    `Cannot delay a job until ${seconds}: it is no time in seconds since 1970`,
  );
}
