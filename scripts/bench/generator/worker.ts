import { Buffer } from "node:buffer";
import { FrameWalker, HEADER_BYTES, requestFrame, Type } from "./frames.ts";
import { type Link, openLink } from "./link.ts";
import { FUNCTION_NAME } from "./submissions.ts";

const GRAB = requestFrame(Type.GRAB_JOB_ALL);
const PRE_SLEEP = requestFrame(Type.PRE_SLEEP);
/** As libgearman does it: registered, then asked for a job at once. */
const HELLO = Buffer.concat([requestFrame(Type.CAN_DO, FUNCTION_NAME), GRAB]);

export interface WorkerEvents {
  /** This many jobs were done in one turn. */
  done(count: number): void;
  /** Nothing to do: it sent PRE_SLEEP. */
  asleep(): void;
  lost(cause: Error): void;
}

/**
 * A worker that finishes every job at once: its answer and its next question leave in one write.
 * The result has `resultBytes` bytes.
 */
export async function startWorker(
  port: number,
  resultBytes: number,
  events: WorkerEvents,
): Promise<Link> {
  const head = requestFrame(Type.WORK_COMPLETE);
  let sleeping = false;
  let done = 0;
  let slept = false;
  let pending: Uint8Array[] = [];

  const walker = new FrameWalker((type, bytes, start, end) => {
    switch (type) {
      case Type.JOB_ASSIGN:
      case Type.JOB_ASSIGN_UNIQ:
      case Type.JOB_ASSIGN_ALL:
        pending.push(completion(bytes, start, end));
        done++;
        break;
      case Type.NO_JOB:
        sleeping = true;
        slept = true;
        pending.push(PRE_SLEEP);
        break;
      case Type.NOOP:
        // More than one may come for one sleep; only the first is a reason to ask.
        if (sleeping) pending.push(GRAB);
        sleeping = false;
        break;
    }
  });

  /** WORK_COMPLETE with the handle of an assignment (its first argument), then GRAB_JOB_ALL. */
  function completion(bytes: Buffer, start: number, end: number): Buffer {
    let nul = start;
    while (nul < end && bytes[nul] !== 0) nul++;
    const bodyBytes = nul - start + 1 + resultBytes;
    const answer = Buffer.allocUnsafe(HEADER_BYTES + bodyBytes + GRAB.length);
    answer.set(head);
    answer.writeUInt32BE(bodyBytes, 8);
    bytes.copy(answer, HEADER_BYTES, start, nul + 1);
    answer.fill(114, HEADER_BYTES + nul - start + 1, HEADER_BYTES + bodyBytes);
    answer.set(GRAB, HEADER_BYTES + bodyBytes);
    return answer;
  }

  const link: Link = await openLink(port, {
    data(chunk) {
      walker.feed(chunk);
      if (pending.length === 1) link.write(pending[0]!);
      else if (pending.length > 1) link.write(Buffer.concat(pending));
      pending = [];
      if (done > 0) {
        const count = done;
        done = 0;
        events.done(count);
      }
      if (slept) {
        slept = false;
        events.asleep();
      }
    },
    lost: events.lost,
  });
  link.write(HELLO);
  return link;
}
