import type { ProgramEnd } from "../runtime/mod.ts";
import type { FunctionSettings, JobEnd } from "./settings.ts";

/** How a job ended. */
export interface JobOutcome {
  readonly end: JobEnd;
  /** Result of a completed job. */
  readonly result: Uint8Array;
  /** Why it did not complete, for the log. */
  readonly reason: string;
  /** What the client of an exception is told. */
  readonly text: string;
}

const NOTHING = new Uint8Array(0);

export function completed(result: Uint8Array): JobOutcome {
  return { end: "complete", result, reason: "", text: "" };
}

/** A job whose program failed: the exception's text is the reason and the last lines of standard error. */
export function failed(
  end: Exclude<JobEnd, "complete">,
  reason: string,
  lastLines: readonly string[],
): JobOutcome {
  return { end, result: NOTHING, reason, text: [reason, ...lastLines].join("\n") };
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
