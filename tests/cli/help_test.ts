import assert from "node:assert/strict";
import { test } from "node:test";
import { BUILT_IN_PLUGINS } from "../../plugins/mod.ts";
import { completion } from "../../src/cli/completion/mod.ts";
import { exportQueue } from "../../src/cli/export_role.ts";
import { gearadminTool } from "../../src/cli/gearadmin/mod.ts";
import { gearmanTool } from "../../src/cli/gearman/mod.ts";
import { run, serve } from "../../src/cli/mod.ts";
import { allOptions } from "../../src/cli/options.ts";
import type { Role } from "../../src/cli/role.ts";
import { helpGroups } from "../../src/cli/server_help.ts";
import { manageTokens } from "../../src/cli/token_role.ts";
import { work } from "../../src/cli/work_role.ts";

const plugins = await Promise.all(BUILT_IN_PLUGINS.map((plugin) => plugin.load()));

/** What `cogd` prints with these words, without a server. */
async function printed(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const told = { stdout: (text: string) => out += text, stderr: (text: string) => error += text };
  const streams = {
    out: (bytes: Uint8Array | string) => void (out += bytes),
    error: (bytes: Uint8Array | string) => void (error += bytes),
    input: async function* () {},
  };
  const unused = () => Promise.reject(new Error("Help starts nothing"));
  const parts = { plugins, listen: unused, start: unused, defaultConfigFiles: [], ...told };
  const roles = new Map<string, Role>([
    ["serve", (args, environment) => serve(args, environment, parts)],
    ["gearman", (args) => gearmanTool(args, {}, streams)],
    ["gearadmin", (args) => gearadminTool(args, {}, streams)],
    ["work", (args) => work(args, {}, told)],
    ["export", (args) => exportQueue(args, {}, { ...parts, open: unused })],
    ["token", (args) => Promise.resolve(manageTokens(args, { ...told, now: () => 0 }))],
    ["completion", (args) => Promise.resolve(completion(args, parts))],
  ]);
  const code = await run(words, {}, { ...parts, roles });
  return { code, out, error };
}

const SCREEN = 24;
const LONGEST = 40;

function lines(text: string): string[] {
  assert.ok(text.endsWith("\n"), text);
  return text.slice(0, -1).split("\n");
}

test("the help of every command fits a screen, of 80 columns where it is not gearman's own", async () => {
  for (const words of [["--help"], ["help"], ["help", "serve"], ["serve", "--help"]]) {
    const { code, out, error } = await printed(...words);
    assert.deepEqual([code, error], [0, ""]);
    assert.ok(lines(out).length <= SCREEN, out);
    for (const line of lines(out)) assert.ok(line.length <= 80, line);
  }
  const commands = ["gearadmin", "gearadmin top", "gearadmin check", "work", "export", "token"];
  for (const command of [...commands, "completion"]) {
    for (const words of [["help", ...command.split(" ")], [...command.split(" "), "--help"]]) {
      const { code, out, error } = await printed(...words);
      assert.deepEqual([code, error], [command === "gearadmin check" ? 3 : 0, ""], command);
      assert.ok(lines(out).length <= LONGEST, `${command}: ${lines(out).length} lines`);
      for (const line of lines(out)) assert.ok(line.length <= 80, line);
    }
  }
  const gearman = await printed("help", "gearman");
  assert.ok(lines(gearman.out).length <= LONGEST);
});

test("the overview names every group, each group fits a screen, and all of them are all options", async () => {
  const { out: overview } = await printed("--help");
  const names = [...helpGroups(allOptions(plugins)).keys()];
  for (const name of names) {
    assert.match(overview, new RegExp(`[ ]${name}(\\s|$)`), name);
    const { code, out } = await printed("help", name);
    assert.equal(code, 0);
    assert.ok(lines(out).length <= LONGEST, `${name}: ${lines(out).length} lines`);
    for (const line of lines(out)) assert.ok(line.length <= 80, line);
  }
  assert.ok(
    ["tls", "queue", "mysql", "redis", "postgres", "http", "log"].every((name) =>
      names.includes(name)
    ),
  );
  const { out: all } = await printed("help", "all");
  for (const { name, hidden } of allOptions(plugins)) {
    assert.equal(new RegExp(`^ {2}.{4}--${name}(?![-\\w])`, "m").test(all), hidden !== true, name);
  }
  const unknown = await printed("help", "nothing");
  assert.equal(unknown.code, 1);
  assert.match(
    unknown.error,
    /^cogd: Cannot help with "nothing": it is none of serve, .*, mysql, .*, all\n$/,
  );
});
