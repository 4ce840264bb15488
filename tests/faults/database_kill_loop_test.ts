import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { startMariadb, startPostgres, startRedis } from "../support/databases/mod.ts";
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

const DATABASES = [
  { name: "MySQL", missing: programMissing("mariadbd"), start: startMariadb },
  { name: "PostgreSQL", missing: programMissing("postgres"), start: startPostgres },
  { name: "Redis", missing: programMissing("redis-server"), start: startRedis },
] as const;

const CASES = DATABASES.flatMap((database) =>
  COGD_BINARIES.map((flavour) => ({ ...database, flavour }))
);

for (const { name, missing, start, flavour } of CASES) {
  test(
    `${flavour} on ${name}: kill -9 under load loses no acknowledged job and runs none that was not submitted`,
    { skip: missing || flavourMissing(flavour) },
    async () => {
      const seed = seedFrom(process.env);
      await using server = await start();
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
        `note: ${flavour} on ${name}: ${ROUNDS} rounds in ${seconds} s, seed ${seed}: ` +
          Object.entries(totals).map(([what, count]) => `${what} ${count}`).join(", "),
      );
      for (const [what, list] of Object.entries(faults)) assert.deepEqual(list, [], what);
      assert.ok(totals.completed > ROUNDS * 20, `only ${totals.completed} jobs were done`);
    },
  );
}
