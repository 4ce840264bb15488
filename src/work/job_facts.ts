import type { Job } from "./runner.ts";

/** What a program's environment says of its job. Names with a NUL cannot be said there. */
export function jobFacts(
  { handle, unique, functionName }: Pick<Job, "handle" | "unique" | "functionName">,
  workloadFile?: string,
): Record<string, string> {
  const facts: Record<string, string> = {
    GEARMAN_HANDLE: handle,
    GEARMAN_UNIQUE: unique,
    GEARMAN_FUNCTION: functionName,
    ...(workloadFile === undefined ? {} : { GEARMAN_WORKLOAD_FILE: workloadFile }),
  };
  for (const [name, value] of Object.entries(facts)) facts[name] = value.replaceAll("\0", "");
  return facts;
}
