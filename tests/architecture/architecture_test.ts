import assert from "node:assert/strict";
import { test } from "node:test";
import { projectConfig } from "../support/mod.ts";
import { circles } from "./circles.ts";
import { codeOnly } from "./code_only.ts";
import { importsOf } from "./imports.ts";
import {
  impure,
  pastTheDoor,
  pluginsWithManyDrivers,
  unlistedPackages,
  wrongDirection,
} from "./layer_rules.ts";
import { type ProjectFile, projectFiles } from "./project_files.ts";
import {
  emptyNames,
  long,
  namesRuntime,
  namesThePlace,
  switchedOff,
  tooLong,
  unfinished,
  unsoundTests,
  unwantedLanguage,
} from "./text_rules.ts";

const PROJECT = projectFiles();

type Rule = (files: readonly ProjectFile[]) => string[];

/** The project keeps the rule, and the rule catches each of the faults, which are `[path, text]`. */
function rule(name: string, check: Rule, faults: readonly (readonly [string, string])[]): void {
  test(name, () => assert.deepEqual(check(PROJECT), []));
  test(`${name} (a violation is caught)`, () => {
    for (const [path, text] of faults) {
      assert.equal(check([{ path, text }]).length, 1, `not caught: ${path}: ${text}`);
    }
  });
}

rule("imports go one way", wrongDirection, [
  ["src/protocol/a.ts", 'import { x } from "../core/mod.ts";'],
  ["src/core/a.ts", 'import type { x } from "../server/mod.ts";'],
  ["src/plugin_api/a.ts", 'import { x } from "../core/mod.ts";'],
  ["src/runtime/a.ts", 'import { x } from "../protocol/mod.ts";'],
  ["src/server/a.ts", 'export { x } from "../cli/mod.ts";'],
  ["src/server/handlers/a.ts", 'await import("../../../plugins/memory/mod.ts");'],
  ["src/cli/a.ts", 'import { x } from "../../main.ts";'],
  ["src/cli/a.ts", 'import { x } from "../commands/mod.ts";'],
  ["tests/a_test.ts", 'import "../main.ts";'],
  ["plugins/sqlite/a.ts", 'import { x } from "../memory/mod.ts";'],
  ["plugins/sqlite/a.ts", 'import { x } from "../../src/core/mod.ts";'],
  ["scripts/a.ts", 'import { x } from "../tests/conformance/stores.ts";'],
]);

test("imports that are meant to be are allowed", () => {
  const allowed: readonly (readonly [string, string])[] = [
    ["main.ts", 'import { x } from "./src/cli/mod.ts";\nawait import("./plugins/sqlite/mod.ts");'],
    ["src/commands/a.ts", 'import { x } from "../../plugins/mod.ts";'],
    ["src/plugin_api/a.ts", 'import { type A, type B } from "../core/mod.ts";'],
    ["src/plugin_api/a.ts", 'import type { A } from "../core/mod.ts";'],
    ["src/server/handlers/a.ts", 'import { x } from "../../core/mod.ts";'],
    ["plugins/sqlite/a.ts", 'import { x } from "../../src/plugin_api/mod.ts";'],
    ["tests/core/a_test.ts", 'import { x } from "../../src/core/heap.ts";'],
    ["src/core/a.ts", '// import { x } from "../server/mod.ts";'],
    ["src/core/a.ts", 'const text = `from "../server/mod.ts"`;'],
  ];
  for (const [path, text] of allowed) {
    assert.deepEqual(wrongDirection([{ path, text }]), []);
    assert.deepEqual(pastTheDoor([{ path, text }]), []);
  }
});

rule("other folders are entered by their mod.ts", pastTheDoor, [
  ["src/core/a.ts", 'import { x } from "../protocol/packet.ts";'],
  ["src/server/a.ts", 'import { x } from "./handlers/submit.ts";'],
  ["plugins/sqlite/a.ts", 'import { x } from "../../src/plugin_api/stored_job.ts";'],
  ["main.ts", 'import { x } from "./src/cli/serve.ts";'],
  ["tests/core/a_test.ts", 'import { x } from "../support/deadline.ts";'],
  ["scripts/a.ts", 'import { x } from "../tests/support/deadline.ts";'],
]);

rule("nothing in src/gateway imports itself by way of others, not even for a type", circles, [
  ["src/gateway/a.ts", 'import type { A } from "./a.ts";'],
]);

test("circles of imports are found, each once, and what only branches and meets again is none", () => {
  const file = (name: string, ...targets: string[]): ProjectFile => ({
    path: `src/gateway/${name}.ts`,
    text: targets.map((target) => `import type { X } from "./${target}.ts";`).join("\n"),
  });
  assert.deepEqual(circles([file("a", "b", "c"), file("b", "d"), file("c", "d"), file("d")]), []);
  assert.deepEqual(circles([file("a", "b"), file("b", "c"), file("c", "b")]), [
    "src/gateway/b.ts imports src/gateway/c.ts imports src/gateway/b.ts",
  ]);
  assert.deepEqual(circles([{ path: "src/core/a.ts", text: 'import "./a.ts";' }]), []);
});

rule("protocol, core and plugin_api touch nothing outside", impure, [
  ["src/core/a.ts", 'import { readFileSync } from "node:fs";'],
  ["src/protocol/a.ts", 'import { connect } from "node:net";'],
  ["src/plugin_api/a.ts", 'import x from "hono";'],
]);

rule(
  "packages come from deno.json, under their bare names",
  (files) => unlistedPackages(files, Object.keys(projectConfig().imports)),
  [
    ["src/gateway/a.ts", 'import x from "npm:hono@4";'],
    ["src/gateway/a.ts", 'import x from "jsr:@std/assert";'],
    ["src/gateway/a.ts", 'import x from "https://example.org/mod.ts";'],
    ["src/gateway/a.ts", 'import x from "no-such-package/sub";'],
    ["src/gateway/a.ts", 'import x from "fs";'],
  ],
);

rule("a plugin uses one driver", pluginsWithManyDrivers, [
  ["plugins/mysql/a.ts", 'import a from "mysql2/promise";\nawait import("pg");'],
]);

rule("only src/runtime says Deno or Bun", namesRuntime, [
  ["src/server/a.ts", "const x = Deno.env;"],
  ["plugins/sqlite/a.ts", 'if (typeof Bun !== "undefined") go();'],
  ["tests/core/a_test.ts", "const x = `${Deno.pid}`;"],
  ["src/core/a.ts", "const isQuote = /[\"'`]/.test(x) && Deno.pid;"],
]);

rule("no source file is longer than 400 lines", tooLong, [["src/core/a.ts", "x;\n".repeat(401)]]);

rule("nothing is left unfinished", unfinished, [
  ["src/core/a.ts", `// ${"TO" + "DO"}: later`],
  ["docs/a.md", `${"FIX" + "ME"} this`],
]);

rule("type checking and lint are switched off nowhere", switchedOff, [
  ["src/core/a.ts", `// @ts-${"ignore"}`],
  ["src/core/a.ts", `// deno-lint-${"ignore"} no-explicit-any`],
  ["src/core/a.ts", "const x: any = 1;"],
  ["src/core/a.ts", "const x = y as any;"],
  ["src/core/a.ts", "const x: Map<string, any> = y;".replace("string, any", "any, string")],
]);

rule("no path of a person's machine, no registry's host", namesThePlace, [
  ["docs/a.md", `see /${"root"}/cogd`],
  ["scripts/a.sh", `cd /${"home"}/ann/cogd`],
  ["docs/a.md", `https://registry.${"npm"}js.org/hono`],
]);

rule("the language stays erasable and modules name what they export", unwantedLanguage, [
  ["src/core/a.ts", "export default class A {}"],
  ["src/core/a.ts", "export enum A { B }"],
  ["src/core/a.ts", "namespace A { }"],
]);

rule("file names say what is inside", emptyNames, [
  ["src/core/utils.ts", ""],
  ["src/core/job_helper.ts", ""],
  ["src/core/queue_manager.ts", ""],
]);

rule("tests run, on every runtime, and do not sleep", unsoundTests, [
  ["tests/core/a_test.ts", "test.only('x', () => {});"],
  ["tests/core/a_test.ts", "test('x', { ignore: true }, () => {});"],
  ["tests/core/a_test.ts", "beforeEach(() => {});"],
  ["tests/core/a_test.ts", "setTimeout(resolve, 250);"],
  ["tests/core/a_test.ts", "test('x', (t) => t.skip('no php'));"],
]);

test("comments and strings are told from code", () => {
  const source = "a /* Deno */ + 'De\\'no' // Deno\n`x ${b + `Deno ${c}`} Deno` / /[/\"]Deno/.d;";
  assert.equal(
    codeOnly(source).replace(/ +/g, " "),
    "a + \n` ${b + ` ${c}`} ` / .d;",
  );
});

test("imports are found in all their forms", () => {
  const text = [
    'import a, { b } from "./b.ts";',
    'import type { C } from "../c/mod.ts";',
    "export {\n  type D,\n  type E,\n} from './d.ts';",
    'const f = await import("f/sub");',
    'import "node:g";',
    '// import h from "h";',
    "const i = 'import i from \"i\"';",
  ].join("\n");
  const found = importsOf({ path: "src/x/a.ts", text });
  assert.deepEqual(found.map(({ specifier, target, typeOnly }) => [specifier, target, typeOnly]), [
    ["./b.ts", "src/x/b.ts", false],
    ["../c/mod.ts", "src/c/mod.ts", true],
    ["./d.ts", "src/x/d.ts", true],
    ["f/sub", undefined, false],
    ["node:g", undefined, false],
  ]);
});

test("long files are named, though they are allowed", () => {
  for (const line of long(PROJECT)) console.error(`note: ${line}`);
  assert.equal(long([{ path: "src/core/a.ts", text: "x;\n".repeat(251) }]).length, 1);
});
