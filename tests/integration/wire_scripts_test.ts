import assert from "node:assert/strict";
import { test } from "node:test";
import { cogdTarget, playAll } from "../conformance/wire/mod.ts";
import { COGD_BINARIES } from "../support/mod.ts";

for (const target of COGD_BINARIES.map(cogdTarget)) {
  test(`wire scripts: ${target.name} answers as written`, { skip: target.missing() }, async () => {
    const failures = await playAll(target);
    assert.equal(failures.length, 0, `${failures.length} scripts:\n\n${failures.join("\n\n")}`);
  });
}
