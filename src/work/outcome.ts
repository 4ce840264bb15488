import type { ProgramEnd } from "../runtime/mod.ts";
import type { FunctionSettings, JobEnd } from "./settings.ts";

/** How a job ended. */
export interface JobOutcome {
  readonly end: JobEnd;
  /** Result of a completed job, text of an exception. */
  readonly data: Uint8Array;
  /** Why it did not complete, for the log. */
  readonly reason: string;
}

const encoder = new TextEncoder();

export function completed(data: Uint8Array): JobOutcome {
  return { end: "complete", data, reason: "" };
}

/** A job whose program failed: the exception's text is the reason and the last lines of standard error. */
export function failed(
  end: Exclude<JobEnd, "complete">,
  reason: string,
  lastLines: readonly string[],
): JobOutcome {
  return { end, data: encoder.encode([reason, ...lastLines].join("\n")), reason };
}

/** What an end of the program means for its job. */
export function outcomeOf(
  settings: FunctionSettings,
  { code, signal }: ProgramEnd,
  result: Uint8Array,
  lastLines: readonly string[],
): JobOutcome {
  const usual = code === 0 ? "complete" : settings.onError;
  const end = code === null ? usual : settings.exitCodes.get(code) ?? usual;
  if (end === "complete") return completed(result);
  return failed(end, endText(code, signal), lastLines);
}

export function endText(code: number | null, signal: string | null): string {
  return signal === null ? `exit code ${code}` : `ended by ${signal}`;
}
