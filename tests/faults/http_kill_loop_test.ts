/**
 * Jobs that were submitted over HTTP and the server killed with SIGKILL: a 202 is a promise, an
 * Idempotency-Key stands for one job only, and an outcome is kept as long as was said.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { startMariadb, startPostgres, startRedis } from "../support/databases/mod.ts";
import { COGD_BINARIES, COGD_FLAVOURS, flavourMissing, programMissing } from "../support/mod.ts";
import { runHttpKillLoop } from "./http_kill_loop.ts";

const ROUNDS = Number(process.env["COGD_HTTP_KILL_ROUNDS"] ?? 6);

const FLAVOURS = COGD_FLAVOURS.filter((flavour) =>
  (process.env["COGD_FLAVOURS"]?.split(",") ?? COGD_BINARIES).includes(flavour)
);

for (const flavour of FLAVOURS) {
  test(`${flavour}: kill -9 loses no job that HTTP was answered, no key and no outcome`, {
    skip: flavourMissing(flavour),
  }, () => runHttpKillLoop({ flavour, rounds: ROUNDS }));
}

const DATABASES = [
  { name: "MySQL", missing: programMissing("mariadbd"), start: startMariadb },
  { name: "PostgreSQL", missing: programMissing("postgres"), start: startPostgres },
  { name: "Redis", missing: programMissing("redis-server"), start: startRedis },
] as const;

for (const { name, missing, start } of DATABASES) {
  const flavour = FLAVOURS[0]!;
  test(
    `${flavour} on ${name}: kill -9 loses no job that HTTP was answered, no key and no outcome`,
    {
      skip: missing || flavourMissing(flavour),
    },
    async () => {
      await using server = await start();
      await runHttpKillLoop({ flavour, rounds: ROUNDS, args: ["--queue", server.url] });
    },
  );
}

test("the loop over HTTP notices a queue that keeps nothing", {
  skip: flavourMissing("bun-binary"),
}, async () => {
  const loop = runHttpKillLoop({
    flavour: "bun-binary",
    rounds: 2,
    args: ["--queue-type=builtin"],
  });
  await assert.rejects(loop, /was lost/);
});
