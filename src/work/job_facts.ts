import type { Job } from "./runner.ts";

/**
 * What a program's environment says of its job. Names with a NUL cannot be said there. The length lets a
 * program see that its input was cut off, because `cogd work` was killed while it wrote.
 */
export function jobFacts(
  { handle, unique, functionName, workload }: Pick<
    Job,
    "handle" | "unique" | "functionName" | "workload"
  >,
  workloadFile?: string,
): Record<string, string> {
  const facts: Record<string, string> = {
    GEARMAN_HANDLE: handle,
    GEARMAN_UNIQUE: unique,
    GEARMAN_FUNCTION: functionName,
    GEARMAN_WORKLOAD_BYTES: String(workload.length),
    ...(workloadFile === undefined ? {} : { GEARMAN_WORKLOAD_FILE: workloadFile }),
  };
  for (const [name, value] of Object.entries(facts)) facts[name] = value.replaceAll("\0", "");
  return facts;
}
