import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  EXTRA_ENTRY_POINTS,
  MAIN_MODULE,
  TEST_ONLY_PACKAGES,
} from "../../scripts/compile_entry_points.ts";
import { PINS } from "../../scripts/toolchain_pins.ts";
import { ENVIRONMENT_NAMES } from "../../src/cli/config.ts";
import { VERSION } from "../../src/cli/version.ts";
import { LIBC_PATHS } from "../../src/runtime/libc.ts";
import { PROJECT_ROOT, projectConfig, runtimeFlags } from "../support/mod.ts";
import { allImports } from "./imports.ts";
import { packageOf } from "./layer_rules.ts";
import { projectFiles } from "./project_files.ts";

const DEPENDENCIES = "docs/dependencies.md";

/** Packages in the first column of the tables of docs/dependencies.md. */
function documentedPackages(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name!).sort();
}

/** Imports of deno.json that are not `"name": "npm:name@version"`. */
function oddImports(imports: Readonly<Record<string, string>>): string[] {
  return Object.entries(imports)
    .filter(([name, target]) =>
      !/^npm:(@[^/@]+\/)?[^/@]+@[\^~]?\d/.test(target) ||
      name !== packageOf(target.slice("npm:".length).replace(/(.)@.*$/, "$1"))
    )
    .map(([name]) => name);
}

/** Versions of Deno that commands in this text name. */
function denoVersions(text: string): string[] {
  return [...text.matchAll(/\bdeno@(\d[\w.]*)/g)].map(([, version]) => version!);
}

test("deno.json lists npm packages under their own names, with versions", () => {
  assert.deepEqual(oddImports(projectConfig().imports), []);
  const odd = { a: "npm:b@1", c: "jsr:c@1", d: "npm:d", e: "npm:e/sub@1" };
  assert.deepEqual(oddImports(odd), ["a", "c", "d", "e"]);
  assert.deepEqual(oddImports({ "@a/b": "npm:@a/b@^1.2", hono: "npm:hono@^4" }), []);
});

test("docs/dependencies.md names exactly the packages of deno.json", () => {
  const text = readFileSync(join(PROJECT_ROOT, DEPENDENCIES), "utf8");
  assert.deepEqual(documentedPackages(text), Object.keys(projectConfig().imports).sort());
  assert.deepEqual(documentedPackages("| `b` | x |\n| `a` |\n| - |"), ["a", "b"]);
});

test("packages that executables go without are imported by tests only", () => {
  const listed = Object.keys(projectConfig().imports);
  assert.deepEqual(TEST_ONLY_PACKAGES.filter((name) => !listed.includes(name)), []);
  const shipped = allImports(projectFiles())
    .filter(({ from, specifier }) =>
      !from.startsWith("tests/") && TEST_ONLY_PACKAGES.includes(packageOf(specifier))
    );
  assert.deepEqual(shipped, []);
});

test("every command names the pinned Deno", () => {
  const named = projectFiles().filter(({ path }) => /\.md$|^\.ci\/run$/.test(path))
    .flatMap(({ path, text }) => denoVersions(text).map((version) => ({ path, version })));
  // docs/ also tells of the older Deno that can stand in.
  const wrong = named.filter(({ path, version }) =>
    version !== PINS.deno && !(path.startsWith("docs/") && version === PINS.olderDeno)
  );
  assert.deepEqual(wrong, []);
  assert.ok(named.some(({ path }) => path === ".ci/run"));
  assert.deepEqual(denoVersions("npx -y deno@2.9.6 task test"), ["2.9.6"]);
});

test("cogd is permitted what it needs and no more", () => {
  const flags = runtimeFlags();
  assert.ok(flags.includes("--no-prompt") && flags.includes("--ignore-env"));
  const bare = flags.filter((flag) => flag.startsWith("--allow-") && !flag.includes("="));
  // Data folders and log files may lie anywhere; `sys` only tells of the machine and changes user; `run` is
  // for commands that run programs; the job server gives it up, as tests/integration/work_test.ts tries.
  assert.deepEqual(
    bare.sort(),
    ["--allow-net", "--allow-read", "--allow-run", "--allow-sys", "--allow-write"],
  );
  assert.ok(flags.includes(`--allow-env=${ENVIRONMENT_NAMES.join(",")}`));
  assert.ok(flags.includes(`--allow-ffi=${LIBC_PATHS.join(",")}`));
});

test("cogd knows its own version", () => {
  assert.equal(VERSION, projectConfig().version);
});

test("all modules that executables begin with exist", () => {
  const missing = [MAIN_MODULE, ...EXTRA_ENTRY_POINTS]
    .filter((path) => !existsSync(join(PROJECT_ROOT, path)));
  assert.deepEqual(missing, []);
});
