import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readCommandLine } from "../../src/cli/command_line.ts";
import { programMissing, PROJECT_ROOT, runProgram, temporaryFolder } from "../support/mod.ts";

const FOLDER = join(PROJECT_ROOT, "scripts", "service");
const UNIT = join(FOLDER, "cogd.service");
/** Tenths of systemd's exposure level; its word for up to 4.9 is "OK". */
const MOST_EXPOSURE = 20;

test(
  "systemd finds no fault with the unit",
  { skip: programMissing("systemd-analyze") },
  async () => {
    await using folder = await temporaryFolder();
    // The executable of a machine where cogd is not installed.
    const unit = readFileSync(UNIT, "utf8").replaceAll("/usr/local/bin/cogd", "/bin/true");
    const path = join(folder.path, "cogd.service");
    writeFileSync(path, unit);
    const result = await runProgram("systemd-analyze", ["--man=no", "verify", path]);
    assert.deepEqual([result.code, result.output], [0, ""]);
  },
);

test(
  "the unit is sandboxed as far as it goes",
  { skip: programMissing("systemd-analyze") },
  async () => {
    const args = ["security", "--offline=true", `--threshold=${MOST_EXPOSURE}`, UNIT];
    const result = await runProgram("systemd-analyze", args);
    assert.equal(result.code, 0, result.output);
    assert.match(result.stdout, /Overall exposure level for cogd.service: [0-2]\.\d OK/);
  },
);

test("the unit lets the runtime compile code and waits for its notification", () => {
  const settings = new Map(
    readFileSync(UNIT, "utf8").split("\n").filter((line) => /^\w+=/.test(line)).map((line) => {
      const [name, ...value] = line.split("=");
      return [name, value.join("=")];
    }),
  );
  assert.equal(settings.get("MemoryDenyWriteExecute"), undefined);
  assert.equal(settings.get("Type"), "notify");
  assert.equal(settings.get("User"), "cogd");
  assert.equal(settings.get("StateDirectory"), "cogd");
  assert.equal(settings.get("EnvironmentFile"), "-/etc/default/cogd");
});

test("the options that the defaults file names exist", () => {
  const text = readFileSync(join(FOLDER, "cogd.defaults"), "utf8");
  const examples = [...text.matchAll(/COGD_OPTIONS="([^"]*)"/g)].map(([, options]) => options!);
  assert.equal(examples.length, 3);
  for (const options of examples) {
    readCommandLine(options.split(" ").filter((word) => word !== ""), [], []);
  }
});
