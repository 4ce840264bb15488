/** Queue types from files: what is loaded, what is refused, and the example in the plugins' README. */

import assert from "node:assert/strict";
import { appendFile, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { memoryPlugin } from "../../plugins/memory/mod.ts";
import { sqlitePlugin } from "../../plugins/sqlite/mod.ts";
import { CliError } from "../../src/cli/cli_error.ts";
import { readCommandLine } from "../../src/cli/command_line.ts";
import { queueConfig } from "../../src/cli/queue_choice.ts";
import { loadQueuePlugin, withQueuePlugin } from "../../src/cli/queue_plugin.ts";
import { StoreError, type StoreHost, type StorePlugin } from "../../src/plugin_api/mod.ts";
import {
  assertRefuses,
  batchOf,
  exerciseStore,
  replayed,
  sampleJobs,
} from "../conformance/stores/mod.ts";
import { PROJECT_ROOT, temporaryFolder } from "../support/mod.ts";

const BUILT_IN = [memoryPlugin, sqlitePlugin];
const EXAMPLE = join(PROJECT_ROOT, "tests", "testdata", "plugins", "journal_store.ts");

const host: StoreHost = {
  log: () => {},
  now: () => Date.now(),
  namespace: "",
  handlePrefix: "H:test:",
};

function openJournal(plugin: StorePlugin, path: string) {
  return plugin.open({ values: new Map([["journal-file", path]]), dataDir: "" }, host);
}

const journal = await loadQueuePlugin(EXAMPLE, BUILT_IN);

exerciseStore({
  name: "journal example",
  durability: "power-loss",
  maxWorkloadBytes: 16 * 1024 * 1024,
  async newPlace() {
    const folder = await temporaryFolder();
    return {
      open: () => openJournal(journal, join(folder.path, "jobs.journal")),
      remove: () => folder.remove(),
    };
  },
});

test("journal example: one server per journal, torn lines are left out, damaged ones are not", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "jobs.journal");
  const jobs = sampleJobs(3);
  const store = await openJournal(journal, path);
  try {
    for (const job of jobs) await store.commit(batchOf({ add: [job] }));
    await assertRefuses(openJournal(journal, path), "LOCKED");
  } finally {
    await store.close();
  }
  const keys = async () => {
    const again = await openJournal(journal, path);
    try {
      return (await replayed(again)).jobs.map(({ key }) => key);
    } finally {
      await again.close();
    }
  };
  await appendFile(path, '00000000 {"add":[');
  assert.deepEqual(await keys(), [1, 2, 3]);
  await truncate(path, (await readFile(path)).length - 2);
  assert.deepEqual(await keys(), [1, 2]);
  const bytes = await readFile(path);
  bytes[20] = bytes[20]! ^ 1;
  await writeFile(path, bytes);
  await assertRefuses(openJournal(journal, path), "DAMAGED");
});

async function refusalOf(load: Promise<unknown>): Promise<string> {
  try {
    await load;
  } catch (error) {
    assert(error instanceof CliError, String(error));
    return error.message;
  }
  throw new Error("it was loaded");
}

test("a module that is no plugin is refused with what is wrong with it", async () => {
  await using folder = await temporaryFolder();
  let count = 0;
  const refused = async (text: string, extension = "js") => {
    const path = join(folder.path, `plugin_${++count}.${extension}`);
    await writeFile(path, text);
    const message = await refusalOf(loadQueuePlugin(path, BUILT_IN));
    assert(message.startsWith(`Cannot load --queue-plugin "${path}": `), message);
    return message.slice(message.indexOf('": ') + 3);
  };
  const plugin = (changes: string) =>
    `export const plugin = { name: "mine", aliases: [], options: [], open() {}, ${changes} };`;
  const none = join(folder.path, "none.js");
  assert.match(await refusalOf(loadQueuePlugin(none, [])), /none\.js": there is no such file$/);
  assert.match(await refused("", "txt"), /must end in \.js or \.ts/);
  assert.match(await refused("export const plugin = {"), /\w/);
  assert.match(await refused('throw new Error("no driver")'), /no driver/);
  assert.match(await refused('import "./missing.js"'), /missing\.js/);
  assert.equal(await refused("export const other = 1;"), 'it exports nothing named "plugin"');
  assert.equal(await refused("export const plugin = 1;"), 'its export "plugin" is no object');
  assert.match(await refused(plugin('name: "My Store"')), /^plugin\.name must/);
  assert.match(await refused(plugin("aliases: undefined")), /^plugin\.aliases must/);
  assert.match(await refused(plugin("options: {}")), /^plugin\.options must/);
  const odd = plugin('options: [{ name: "x-y", kind: "bytes", help: "" }]');
  assert.match(await refused(odd), /^plugin\.options\[0\] must .*text, number, switch, secret/);
  assert.match(await refused(plugin("open: 1")), /^plugin\.open must/);
  assert.match(await refused(plugin("url: {}")), /^plugin\.url must/);
  assert.match(await refused(plugin('name: "sqlite"')), /queue type "sqlite" already/);
  assert.match(await refused(plugin('aliases: ["BUILTIN"]')), /queue type "builtin" already/);
  const taken = plugin('options: [{ name: "port", kind: "text", help: "" }]');
  assert.match(await refused(taken), /option --port already/);
  const url = 'url: { schemes: ["sqlite"], form: "", replaces: [], values() {} }';
  assert.match(await refused(plugin(url)), /URLs with sqlite: already/);
});

test("what a plugin opens is checked, and its errors become the server's", async () => {
  await using folder = await temporaryFolder();
  const load = async (name: string, open: string) => {
    const path = join(folder.path, `${name}.js`);
    await writeFile(
      path,
      `export const plugin = { name: "${name}", aliases: [], options: [], async open() { ${open} } };`,
    );
    const plugin = await loadQueuePlugin(path, BUILT_IN);
    return plugin.open({ values: new Map(), dataDir: "" }, host);
  };
  await assertRefuses(load("nothing", ""), "CANNOT_OPEN");
  await assertRefuses(load("traits", "return { traits: {}, commit() {} };"), "CANNOT_OPEN");
  await assertRefuses(load("plain", 'throw new Error("oh");'), "FAILED");
  const locked = 'throw Object.assign(new Error("held"), { code: "LOCKED" });';
  await assertRefuses(load("coded", locked), "LOCKED");
  const store = await load(
    "store",
    `const fail = (code) => { throw Object.assign(new Error("away"), { code }); };
     const traits = { durability: "restart", maxWorkloadBytes: 1, description: "x" };
     return { traits, async commit() { fail("AWAY"); }, async *replay() { fail("ENOENT"); }, async close() {} };`,
  );
  await assert.rejects(store.commit(batchOf({})), (error) => {
    assert(error instanceof StoreError);
    assert.deepEqual([error.code, error.message, error.retryable], ["AWAY", "away", true]);
    return true;
  });
  await assertRefuses(replayed(store), "FAILED");
  await store.close();
});

test("a plugin's options and URLs are those of the command line; it is used unless another is named", async () => {
  await using folder = await temporaryFolder();
  const chosen = async (...words: string[]) => {
    const plugins = await withQueuePlugin(words, BUILT_IN, []);
    const { plugin, values } = queueConfig(readCommandLine(words, plugins, []), plugins);
    return [plugin.name, Object.fromEntries(values)];
  };
  const own = `--queue-plugin=${EXAMPLE}`;
  const file = { "journal-file": "x" };
  assert.deepEqual(await chosen(own), ["journal", {}]);
  assert.deepEqual(await chosen("--journal-file", "x", own), ["journal", file]);
  assert.deepEqual(await chosen("--queue-plugin", EXAMPLE, "--queue", "journal:x"), [
    "journal",
    file,
  ]);
  assert.deepEqual(await chosen(own, "-q", "JOURNAL"), ["journal", {}]);
  assert.deepEqual(await chosen(own, "-q", "sqlite"), ["sqlite", {}]);
  assert.deepEqual(await chosen(own, "--queue=memory:"), ["memory", {}]);
  const config = join(folder.path, "cogd.conf");
  await writeFile(config, `${own}\n--journal-file=x\n`);
  assert.deepEqual(await chosen("--config-file", config), ["journal", file]);
  await assert.rejects(chosen("--journal-file", "x"), /unrecognised option '--journal-file'/);
});
