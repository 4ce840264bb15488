import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  binaryPath,
  flavourMissing,
  projectConfig,
  runProgram,
  startCogd,
  temporaryFolder,
  WireClient,
} from "../support/mod.ts";

for (const flavour of ["deno-binary", "bun-binary"] as const) {
  const skip = flavourMissing(flavour);

  test(`${flavour} works when copied alone into an empty folder, with an empty environment`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const program = join(folder.path, "cogd under another name");
    await copyFile(binaryPath(flavour), program);
    const cwd = join(folder.path, "empty");
    const temporary = join(folder.path, "tmp");
    const dataDir = join(folder.path, "data");
    for (const path of [cwd, temporary, dataDir]) await mkdir(path);

    const version = await runProgram(program, ["--version"], { cwd, bareEnvironment: true });
    assert.equal(version.code, 0, version.output);
    assert.ok(version.stdout.includes(projectConfig().version), version.stdout);

    const cogd = await startCogd({
      program,
      cwd,
      dataDir,
      bareEnvironment: true,
      env: { TMPDIR: temporary },
    });
    const client = await WireClient.connect(cogd.port);
    await client.expectSilence();
    await client.close();
    const exit = await cogd.stop();
    assert.deepEqual(exit, { code: 0, signal: null }, cogd.process.stderr);
    assert.deepEqual(await readdir(cwd), [], "it left files where it was started");
    assert.deepEqual(await readdir(temporary), [], "it left files in the temporary folder");
  });

  test(`${flavour} obeys no files that lie where it is started`, { skip }, async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, ".env"), "GEARMAND_PORT=1\nBUN_OPTIONS=--version\n");
    await writeFile(join(folder.path, "bunfig.toml"), 'preload = ["./no-such-file.ts"]\n');
    await writeFile(join(folder.path, "deno.json"), "this is no JSON");
    await writeFile(join(folder.path, "package.json"), "this is no JSON");
    const version = await runProgram(binaryPath(flavour), ["--version"], { cwd: folder.path });
    assert.equal(version.code, 0, version.output);
    assert.ok(version.stdout.includes(projectConfig().version), version.output);
  });
}
