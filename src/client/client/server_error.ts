import { textOf } from "../../protocol/mod.ts";
import { GearmanError, QueueFullError } from "../wire/mod.ts";

/** What servers say when the function's limit is reached (protocol section 4). */
const QUEUE_FULL_TEXT = "Job queue is full";

/** An ERROR packet as an error: its code token and its text (protocol section 4). */
export function errorFromServer(code: string, text: string, functionName: string): GearmanError {
  if (code === "QUEUE_ERROR") {
    return text === QUEUE_FULL_TEXT ? new QueueFullError(functionName) : new GearmanError(
      "QUEUE_REFUSED",
      `The server's queue did not take the job: ${textOf(text)}`,
    );
  }
  return new GearmanError("SERVER_ERROR", `The server answered ${code}: ${textOf(text)}`);
}
