/** The list of queue types, and what their options mean. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { BUILT_IN_PLUGINS, findBuiltInPlugin } from "../../plugins/mod.ts";
import type { JobStore, StoreHost } from "../../src/plugin_api/mod.ts";
import { assertRefuses } from "../conformance/stores/mod.ts";
import { temporaryFolder } from "../support/mod.ts";

const host: StoreHost = {
  log: () => {},
  now: () => Date.now(),
  namespace: "",
  handlePrefix: "H:test:",
};

async function open(
  name: string,
  dataDir: string,
  values: Readonly<Record<string, string>>,
): Promise<JobStore> {
  const plugin = await findBuiltInPlugin(name)!.load();
  return await plugin.open({ values: new Map(Object.entries(values)), dataDir }, host);
}

test("queue types are found by their name and by C gearmand's, in any case", () => {
  const names = ["memory", "builtin", "Builtin", "sqlite", "SQLite", "libsqlite3", "LIBSQLITE3"];
  assert.deepEqual(names.map((name) => findBuiltInPlugin(name)?.name), [
    "memory",
    "memory",
    "memory",
    "sqlite",
    "sqlite",
    "sqlite",
    "sqlite",
  ]);
  for (const name of ["", "sql", "sqlite3", "memory "]) {
    assert.equal(findBuiltInPlugin(name), undefined);
  }
});

test("each plugin is what the list says, and no name or option is taken twice", async () => {
  const names: string[] = [];
  const options: string[] = [];
  for (const entry of BUILT_IN_PLUGINS) {
    const plugin = await entry.load();
    assert.equal(plugin.name, entry.name);
    assert.deepEqual(plugin.aliases, entry.aliases);
    names.push(plugin.name, ...plugin.aliases);
    options.push(...plugin.options.map(({ name }) => name));
  }
  assert.deepEqual(names, names.map((name) => name.toLowerCase()));
  assert.equal(new Set(names).size, names.length);
  assert.equal(new Set(options).size, options.length);
});

test("the SQLite file lies in the data folder, or where --libsqlite3-db says", async () => {
  await using folder = await temporaryFolder();
  const standard = await open("sqlite", folder.path, {});
  await standard.close();
  assert.equal(standard.traits.description, `sqlite ${join(folder.path, "queue.db")}`);
  const path = join(folder.path, "elsewhere.db");
  const named = await open("sqlite", folder.path, {
    "libsqlite3-db": path,
    "store-queue-on-shutdown": "",
  });
  await named.close();
  assert(existsSync(path));
});

test("options of the SQLite store that make no sense are refused", async () => {
  await using folder = await temporaryFolder();
  for (const file of ["", ":memory:"]) {
    await assertRefuses(open("sqlite", folder.path, { "libsqlite3-db": file }), "INVALID_OPTION");
  }
  for (const table of ["", "cogd_job", "COGD_RECORD", "sqlite_master"]) {
    await assertRefuses(
      open("sqlite", folder.path, { "libsqlite3-table": table }),
      "INVALID_OPTION",
    );
  }
});
