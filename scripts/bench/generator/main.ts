/**
 * The load generator, a process of its own: `main.ts PLAN`, the plan being JSON (see plan.ts). Prints
 * one line of JSON, the result. An idle plan then says so on stderr and keeps its connections until it
 * is killed.
 */
import process from "node:process";
import { runIdle } from "./idle_load.ts";
import { runJobs } from "./jobs_load.ts";
import { ALL_ASLEEP, type LoadPlan, type LoadResult } from "./plan.ts";
import { runStreams } from "./stream_load.ts";
import { runSubmit } from "./submit_load.ts";

async function main(plan: LoadPlan): Promise<void> {
  const result = await run(plan);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (plan.kind !== "idle") return;
  console.error(ALL_ASLEEP);
  // An end of its own, should the one that started it be gone.
  await new Promise((resolve) => setTimeout(resolve, plan.holdMs));
}

function run(plan: LoadPlan): Promise<LoadResult> {
  switch (plan.kind) {
    case "jobs":
      return runJobs(plan, fail);
    case "submit":
      return runSubmit(plan, fail);
    case "idle":
      return runIdle(plan, fail);
    case "streams":
      return runStreams(plan, fail);
  }
}

function fail(cause: unknown): never {
  console.error(`load generator: ${cause instanceof Error ? cause.message : String(cause)}`);
  process.exit(1);
}

main(JSON.parse(process.argv[2] ?? "null") as LoadPlan).then(() => process.exit(0), fail);
