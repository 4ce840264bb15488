/** The example store of the plugins' README under the whole server, from source and in the executables. */

import assert from "node:assert/strict";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import * as modules from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import {
  COGD_BINARIES,
  cogdCommand,
  type CogdFlavour,
  flavourMissing,
  ownFlavour,
  runProgram,
  startCogd,
  temporaryFolder,
  WireClient,
} from "../support/mod.ts";
import { testdata } from "./servers.ts";

const FLAVOURS = [ownFlavour(), ...COGD_BINARIES.filter((name) => name.startsWith(ownFlavour()))];
const EXAMPLE = testdata("plugins/journal_store.ts");

/** The example in a folder where nothing else of cogd lies, as this flavour can read it. */
async function exampleIn(folder: string, flavour: CogdFlavour): Promise<string> {
  if (flavour !== "deno-binary") {
    const path = join(folder, "journal_store.ts");
    await copyFile(EXAMPLE, path);
    return path;
  }
  const path = join(folder, "journal_store.js");
  await writeFile(path, modules.stripTypeScriptTypes(await readFile(EXAMPLE, "utf8")));
  return path;
}

for (const flavour of FLAVOURS) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: jobs in a store from a file outlive kill -9`, { skip }, async () => {
    await using folder = await temporaryFolder();
    const plugin = await exampleIn(folder.path, flavour);
    const path = join(folder.path, "jobs.journal");
    const args = [`--queue-plugin=${plugin}`, `--journal-file=${path}`];
    let handle: string;
    {
      await using cogd = await startCogd({ flavour, args });
      assert(cogd.startLine.includes(`queue journal ${path}: `), cogd.startLine);
      assert(cogd.startLine.endsWith("survive power loss"), cogd.startLine);
      await using client = await WireClient.connect(cogd.port);
      for (const unique of ["done", "kept"]) {
        await client.ask("SUBMIT_JOB_BG", { args: ["f", unique], data: unique }, "JOB_CREATED");
      }
      client.send("CAN_DO", { args: ["f"] });
      const first = await client.ask("GRAB_JOB_UNIQ", {}, "JOB_ASSIGN_UNIQ");
      assert.equal(first.args[2], "done");
      client.send("WORK_COMPLETE", { args: [first.args[0]!] });
      handle = (await client.ask("GRAB_JOB_UNIQ", {}, "JOB_ASSIGN_UNIQ")).args[0]!;
      // A commit that was answered stands behind the removal of the first job.
      await client.ask("SUBMIT_JOB_BG", { args: ["g", ""], data: "" }, "JOB_CREATED");
      const second = await runProgram(cogdCommand(flavour).command, [
        ...cogdCommand(flavour).args,
        ...["-p0", "-L127.0.0.1", `--data-dir=${folder.path}`, ...args],
      ]);
      assert.equal(second.code, 1);
      assert.match(second.stderr, /^cogd: Cannot open ".*": another server holds it/);
      await cogd.kill9();
    }
    await using cogd = await startCogd({ flavour, args });
    await using client = await WireClient.connect(cogd.port);
    client.send("CAN_DO", { args: ["f"] });
    const job = await client.ask("GRAB_JOB_UNIQ", {}, "JOB_ASSIGN_UNIQ");
    assert.deepEqual(job.args, [handle, "f", "kept"]);
    assert.equal(String.fromCharCode(...job.data), "kept");
    client.send("WORK_COMPLETE", { args: [handle] });
    await client.ask("GRAB_JOB_UNIQ", {}, "NO_JOB");
  });
}

test("deno-binary: a plugin in TypeScript is refused with what to do", {
  skip: flavourMissing("deno-binary"),
}, async () => {
  const { command, args } = cogdCommand("deno-binary");
  const result = await runProgram(command, [...args, `--queue-plugin=${EXAMPLE}`]);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /^cogd: Cannot load .*: this executable runs JavaScript only; /);
});
