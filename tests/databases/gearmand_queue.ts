import assert from "node:assert/strict";
import { byteStringFrom } from "../../src/protocol/mod.ts";
import { type JobStore, nameOfBytes, type StoredJob } from "../../src/plugin_api/mod.ts";
import { type Held, replayed } from "../conformance/stores/mod.ts";
import {
  cogdCommand,
  type CogdFlavour,
  type ProgramResult,
  runProgram,
  startGearmand,
  WireClient,
} from "../support/mod.ts";

/** What matters of a job, readable in a failure: function, unique ID, priority, time, workload. */
export type Essence = [string, string, number, number, string];

export function essenceOf(job: StoredJob): Essence {
  const { functionName, unique, priority, notBefore, workload } = job;
  return [functionName, unique, priority, notBefore, nameOfBytes(workload)];
}

/** Opens a store, which adopts what C gearmand left there, and answers what it holds then. */
export async function takenUp(place: { open(): Promise<JobStore> }): Promise<Held> {
  const store = await place.open();
  try {
    return await replayed(store);
  } finally {
    await store.close();
  }
}

const TYPES = ["SUBMIT_JOB_HIGH_BG", "SUBMIT_JOB_BG", "SUBMIT_JOB_LOW_BG"] as const;
const LATER = 2_000_000_000;

/**
 * Lets the real C gearmand, with these options, store jobs of all priorities with any bytes, and one for
 * later; then ends it. `oddFunction` is a name that its database can hold, beyond ASCII. Answers the jobs
 * in their order.
 */
export async function storedByGearmand(
  options: readonly string[],
  oddFunction: string,
): Promise<Essence[]> {
  await using gearmand = await startGearmand({ args: options });
  await using client = await WireClient.connect(gearmand.port);
  const stored: Essence[] = [];
  for (let i = 0; i < 60; i++) {
    const priority = i % 3;
    const unique = `unique-${String(i).padStart(3, "0")}`;
    const functionName = i % 2 === 0 ? "resize" : oddFunction;
    const data = i === 7 ? "" : `\0\xff'"\\ ${i}`.repeat(i);
    await client.ask(TYPES[priority]!, { args: [functionName, unique], data }, "JOB_CREATED");
    stored.push([functionName, unique, priority, 0, data]);
  }
  const later = { args: ["later", "unique-later", `${LATER}`], data: "x" };
  await client.ask("SUBMIT_JOB_EPOCH", later, "JOB_CREATED");
  stored.push(["later", "unique-later", 1, LATER, "x"]);
  return stored;
}

/** `cogd export` with these options. */
export function exported(flavour: CogdFlavour, ...options: string[]): Promise<ProgramResult> {
  const { command, args } = cogdCommand(flavour);
  return runProgram(command, [...args, "export", ...options]);
}

/** What a worker of these functions gets until there is nothing more, as `function|unique ID|workload`, sorted. */
export async function workedOff(port: number, functions: readonly string[]): Promise<string[]> {
  await using worker = await WireClient.connect(port);
  for (const name of functions) worker.send("CAN_DO", { args: [name] });
  const jobs: string[] = [];
  for (;;) {
    worker.send("GRAB_JOB_UNIQ");
    const packet = await worker.readPacket();
    if (packet.name === "NO_JOB") return jobs.sort();
    assert.equal(packet.name, "JOB_ASSIGN_UNIQ");
    const [handle, name, unique] = packet.args;
    jobs.push([name, unique, byteStringFrom(packet.data)].join("|"));
    worker.send("WORK_COMPLETE", { args: [handle!] });
  }
}
