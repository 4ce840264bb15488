import { PacketType } from "../../protocol/mod.ts";
import { textCodec } from "../wire/mod.ts";
import { JobFailure } from "./worker_job.ts";

/** How a job ends whose function threw. */
export interface ThrownEnd {
  readonly type: PacketType;
  /** Text of an exception, UTF-8. */
  readonly data: Uint8Array | undefined;
}

const NO_TEXT = "An error without a text";

/** What a thrown value means for its job. Anything can be thrown, even what cannot be looked at. */
export function endByThrown(error: unknown): ThrownEnd {
  try {
    if (error instanceof JobFailure) return { type: PacketType.WORK_FAIL, data: undefined };
    return exception(String(error instanceof Error ? error.message : error));
  } catch {
    return exception(NO_TEXT);
  }
}

function exception(text: string): ThrownEnd {
  return { type: PacketType.WORK_EXCEPTION, data: textCodec.encode(text) };
}
