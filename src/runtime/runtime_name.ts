import process from "node:process";

/** The runtime that this program runs on. */
export type RuntimeName = "deno" | "bun";

const onDeno = typeof Deno !== "undefined";

export const runtimeName: RuntimeName = onDeno ? "deno" : "bun";

/** Its version, `2.9.6` say. An executable says that of the runtime inside it. */
export const runtimeVersion: string = onDeno
  ? Deno.version.deno
  : process.versions["bun"] ?? "unknown";

/** Whether `import()` of a file takes TypeScript: an executable made by Deno has no compiler for it. */
export function importsTypeScript(): boolean {
  return !onDeno || !Deno.build.standalone;
}
