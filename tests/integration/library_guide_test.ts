import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  programMissing,
  PROJECT_ROOT,
  runProgram,
  ServerProcess,
  startCogd,
  temporaryFolder,
} from "../support/mod.ts";
import { outputOf, untilStatus } from "./servers.ts";
import { fencedBlocks } from "./transcript.ts";

/** docs/library.md: its table is complete, and its samples run. */

const GUIDE = await readFile(join(PROJECT_ROOT, "docs/library.md"), "utf8");
const CLASSES = ["GearmanClient", "GearmanWorker", "GearmanJob", "GearmanTask"];
const denoIsThere = (await runProgram("sh", ["-c", "command -v deno"])).code === 0;

/** Rows of the table whose first heading is this one: the codes in the first cell, the second cell. */
function tableOf(heading: string): Map<string, string> {
  const table = GUIDE.split(`\n| \`${heading}\` | `)[1]!.split("\n\n")[0]!;
  const rows = table.split("\n").slice(2).map((row) => row.split(" | "));
  return new Map(rows.flatMap(([first, second]) => {
    const names = [...first!.matchAll(/`(\w+)`/g)];
    return names.map(([, name]): [string, string] => [name!, second!]);
  }));
}

test("the guide has a place for every method of PHP's extension", {
  skip: programMissing("php"),
}, async () => {
  const script = "foreach (explode(',', $argv[1]) as $class)" +
    " foreach ((new ReflectionClass($class))->getMethods() as $method)" +
    " echo $class, ' ', $method->getName(), \"\\n\";";
  const printed = await outputOf("php", ["-r", script, CLASSES.join(",")]);
  const methods = printed.trim().split("\n").map((line) => line.split(" "));
  assert.ok(methods.length > 90, printed);
  for (const [name, method] of methods) {
    const named = [...tableOf(name!).keys()].map((each) => each.toLowerCase());
    assert.ok(named.includes(method!.toLowerCase()), `${name}::${method}`);
  }
});

test("the guide has a place for every code of the library's errors", async () => {
  const source = await readFile(join(PROJECT_ROOT, "src/client/wire/errors.ts"), "utf8");
  const codes = source.split("export type GearmanErrorCode =")[1]!.split(";")[0]!;
  const named = tableOf("code");
  for (const [, code] of codes.matchAll(/"(\w+)"/g)) {
    assert.ok(named.has(code!), `${code} has a row`);
  }
});

test("the guide's samples are well typed, and client and worker do as they say", {
  skip: denoIsThere ? false : "deno is not on the search path",
}, async () => {
  await using folder = await temporaryFolder();
  await using cogd = await startCogd();
  const places: Record<string, string> = {};
  for (const [at, name] of ["client", "worker"].entries()) {
    const sample = fencedBlocks(GUIDE, "ts")[at]!.replaceAll(
      "127.0.0.1:4730",
      `127.0.0.1:${cogd.port}`,
    );
    await writeFile(join(folder.path, `${name}.ts`), sample);
    places[`@cogd/cogd/${name}`] = join(PROJECT_ROOT, `src/client/${name}/mod.ts`);
  }
  await writeFile(join(folder.path, "deno.json"), JSON.stringify({ imports: places }));
  const options = { cwd: folder.path, env: { NO_COLOR: "1" } };
  const checked = await runProgram("deno", ["check", "client.ts", "worker.ts"], options);
  assert.equal(checked.code, 0, checked.output);

  const run = ["run", "--no-check", "--allow-net"];
  const worker = await ServerProcess.start("deno", [...run, "worker.ts"], options);
  try {
    await untilStatus(cogd.port, /^same\t0\t0\t1$/);
    const printed = await outputOf("deno", [...run, "client.ts"], options);
    assert.deepEqual(printed.trim().split("\n"), [
      "olleh",
      ..."hello".split("").flatMap((letter, at) => [`a piece: ${letter}`, `${at + 1} of 5`]),
      "at last: done",
      "true",
      "eno",
      "owt",
      "eerht",
      "{ a: [ 1, 2 ] }",
    ]);
  } finally {
    await worker.stop();
  }
});

test("what the project exports is there", async () => {
  const text = await readFile(join(PROJECT_ROOT, "deno.json"), "utf8");
  const { exports } = JSON.parse(text) as { exports: Record<string, string> };
  assert.deepEqual(Object.keys(exports), [".", "./client", "./worker"]);
  const client = await import("../../src/client/client/mod.ts");
  const worker = await import("../../src/client/worker/mod.ts");
  assert.ok(client.GearmanClient && worker.GearmanWorker);
  for (const path of Object.values(exports)) await readFile(join(PROJECT_ROOT, path));
});
