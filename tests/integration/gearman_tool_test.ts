import assert from "node:assert/strict";
import { test } from "node:test";
import { COGD_FLAVOURS, runProgram, ServerProcess, temporaryFolder } from "../support/mod.ts";
import { observeGearman } from "./gearman_tool.ts";
import { comparisonMissing, oncePerServer, startServerNamed } from "./servers.ts";

/** Debian's `gearman` as client and as worker. */

const observations = oncePerServer(observeGearman);

for (const flavour of COGD_FLAVOURS) {
  const skip = comparisonMissing(flavour, "gearman");

  test(`${flavour}: gearman prints and ends as with C gearmand`, { skip }, async () => {
    assert.deepEqual(await observations(flavour), await observations("gearmand"));
  });

  test(`${flavour}: gearman's options do what its manual says`, { skip }, async () => {
    const seen = await observations(flavour);
    const expected = {
      "whole input": "ONE\nTWO\n||0",
      "empty input": "||0",
      "arguments": "ONETWOTHREE||0",
      "lines": "ONE\nTWO\n||0",
      "lines without LF": "ONETWO||0",
      "prefix": "upper: ONEupper: TWO||0",
      "failure": "some output\n|Job failed\n|1",
      "bytes": "60000 equal",
      "large": "400000\n||0",
      "several functions": " cat: a cat: b dog: a dog: b upper: A upper: B0",
      "queued": "later\t7\t0\t0",
      "order": "high;normal 1;normal 2;normal 3;low;a\nb\n||0",
      "coalesced": "once\t2\t0\t0",
      "once each": "first;third;||0",
      "after the first worker's death": "second\n||0",
      "shared": "true",
    };
    const relevant = Object.fromEntries(Object.keys(expected).map((name) => [name, seen[name]]));
    assert.deepEqual(relevant, expected);
  });

  test(`${flavour}: the first job of the README`, { skip }, async () => {
    await using server = await startServerNamed(flavour);
    await using folder = await temporaryFolder();
    const where = ["-p", String(server.port)];
    const worker = await ServerProcess.start("gearman", [
      ...where,
      "-w",
      "-f",
      "ls",
      "--",
      "ls",
      "-lh",
    ], {
      cwd: folder.path,
    });
    try {
      const client = await runProgram("gearman", [...where, "-f", "ls"]);
      const listed = await runProgram("ls", ["-lh"], { cwd: folder.path });
      assert.deepEqual([client.stdout, client.stderr, client.code], [listed.stdout, "", 0]);
    } finally {
      await worker.stop();
    }
  });
}
