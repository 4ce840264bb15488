import assert from "node:assert/strict";
import test from "node:test";
import { startCogd, waitForExit, WireClient } from "../support/mod.ts";
import { witness } from "./lease.ts";
import { drainQueue, LOAD_FUNCTION } from "./submit_load.ts";
import type { StoreWithServer, TestPlace } from "./test_place.ts";

/**
 * Registers tests of a server whose queue another one has taken, as happens when it was cut off for
 * longer than its lease: it must give out no job that the other one gives out as well.
 */
export function exerciseTakeOver({ name, newPlace }: Omit<StoreWithServer, "server">): void {
  for (const busy of [false, true]) {
    const what = busy ? "with its next commit" : "by itself while it is idle";
    test(`cogd on ${name}: whose queue was taken over ends, ${what}`, async () => {
      const place = await newPlace();
      try {
        await endsWhenTaken(place, busy);
      } finally {
        await place.remove();
      }
    });
  }
}

const ALL = ["one", "two", "three"];

async function endsWhenTaken(place: TestPlace, busy: boolean): Promise<void> {
  await using first = await startCogd(place.commandLine());
  await using client = await WireClient.connect(first.port);
  for (const data of ALL) {
    await client.ask("SUBMIT_JOB_BG", { args: [LOAD_FUNCTION, data], data }, "JOB_CREATED");
  }
  await using worker = await WireClient.connect(first.port);
  worker.send("CAN_DO", { args: [LOAD_FUNCTION] });
  const job = await worker.ask("GRAB_JOB", {}, "JOB_ASSIGN");
  // The first one's lease runs out at once.
  await place.abandonLease({ ...witness("web1").self, id: "0".repeat(32) }, 0);
  await using second = await startCogd(place.commandLine());
  if (busy) worker.send("WORK_COMPLETE", { args: [job.args[0]!], data: "done too late" });
  const { code } = await waitForExit(first);
  assert.equal(code, 1);
  const last = first.process.stderr.trimEnd().split("\n").at(-1)!;
  assert.match(last, /^cogd: Stopped: .*cogd on .*, process [0-9]+, .* has taken this queue over/);
  await worker.waitForEnd();
  const done = await drainQueue(second.port);
  assert.deepEqual(done.map(({ workload }) => workload), ALL);
}
