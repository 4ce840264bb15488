import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { COGD_BINARIES, flavourMissing, seedFrom, temporaryFolder } from "../support/mod.ts";
import type { StopKind } from "./job_log.ts";
import { runStopLoop } from "./stop_loop.ts";

/** More rounds for longer series: see docs/fault-tests.md. */
const KILL_ROUNDS = Number(process.env["COGD_KILL_ROUNDS"] ?? 20);
const STOP_ROUNDS = Number(process.env["COGD_STOP_ROUNDS"] ?? 8);

const LOOPS: readonly {
  readonly name: string;
  readonly rounds: number;
  readonly stops: readonly StopKind[];
}[] = [
  { name: "kill -9", rounds: KILL_ROUNDS, stops: ["kill -9"] },
  { name: "SIGTERM and SIGUSR1", rounds: STOP_ROUNDS, stops: ["SIGTERM", "SIGUSR1"] },
];

for (const flavour of COGD_BINARIES) {
  for (const { name, rounds, stops } of LOOPS) {
    test(
      `${flavour}: ${name} under load loses no acknowledged job and runs none that was not submitted`,
      { skip: flavourMissing(flavour) },
      async () => {
        const seed = seedFrom(process.env);
        const folder = await temporaryFolder();
        console.error(`note: ${flavour}, ${name}: seed ${seed}, queue in ${folder.path}`);
        const began = performance.now();
        const report = await runStopLoop({
          flavour,
          rounds,
          seed,
          stops,
          dataDir: folder.path,
        });
        const { faults, ...totals } = report;
        const seconds = ((performance.now() - began) / 1000).toFixed(0);
        console.error(
          `note: ${flavour}, ${name}: ${rounds} rounds in ${seconds} s, seed ${seed}: ` +
            Object.entries(totals).map(([what, count]) => `${what} ${count}`).join(", "),
        );
        for (const [what, list] of Object.entries(faults)) assert.deepEqual(list, [], what);
        // A loop in which nothing happened proves nothing.
        assert.ok(totals.completed > rounds * 20, `only ${totals.completed} jobs were done`);
        await folder.remove();
      },
    );
  }
}

test("the loop notices a queue that keeps nothing", {
  skip: flavourMissing("bun-binary"),
}, async () => {
  await using folder = await temporaryFolder();
  await assert.rejects(
    runStopLoop({
      flavour: "bun-binary",
      rounds: 3,
      seed: 1,
      stops: ["kill -9"],
      dataDir: folder.path,
      args: ["--queue-type=builtin"],
    }),
    /forgotten \(\d+\)/,
  );
});
