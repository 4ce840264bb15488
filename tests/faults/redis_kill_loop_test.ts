import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { startRedis } from "../support/databases/mod.ts";
import {
  COGD_BINARIES,
  flavourMissing,
  programMissing,
  seedFrom,
  temporaryFolder,
} from "../support/mod.ts";
import { runStopLoop } from "./stop_loop.ts";

/** More rounds for longer series: see docs/fault-tests.md. */
const ROUNDS = Number(process.env["COGD_KILL_ROUNDS"] ?? 10);

const missing = programMissing("redis-server");

for (const flavour of COGD_BINARIES) {
  test(
    `${flavour} on Redis: kill -9 under load loses no acknowledged job and runs none that was not submitted`,
    { skip: missing || flavourMissing(flavour) },
    async () => {
      const seed = seedFrom(process.env);
      await using server = await startRedis();
      await using folder = await temporaryFolder();
      const began = performance.now();
      const { faults, ...totals } = await runStopLoop({
        flavour,
        rounds: ROUNDS,
        seed,
        stops: ["kill -9", "kill -9", "SIGTERM"],
        dataDir: folder.path,
        args: ["--queue", server.url],
      });
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      console.error(
        `note: ${flavour} on Redis: ${ROUNDS} rounds in ${seconds} s, seed ${seed}: ` +
          Object.entries(totals).map(([what, count]) => `${what} ${count}`).join(", "),
      );
      for (const [what, list] of Object.entries(faults)) assert.deepEqual(list, [], what);
      assert.ok(totals.completed > ROUNDS * 20, `only ${totals.completed} jobs were done`);
    },
  );
}
