import assert from "node:assert/strict";
import { test } from "node:test";
import { BUILT_IN_PLUGINS } from "../../plugins/mod.ts";
import { completion } from "../../src/cli/completion/mod.ts";
import { runProgram } from "../support/mod.ts";

const plugins = await Promise.all(BUILT_IN_PLUGINS.map((plugin) => plugin.load()));

function script(...words: string[]): { code: number; out: string; error: string } {
  let [out, error] = ["", ""];
  const code = completion(words, {
    plugins,
    stdout: (text) => out += text,
    stderr: (text) => error += text,
  });
  return { code, out, error };
}

/** What bash offers for the last of these words. */
async function offered(...words: string[]): Promise<string[]> {
  const asked = `${script("bash").out}
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_cogd
printf '%s\\n' "\${COMPREPLY[@]}"
`;
  const result = await runProgram("bash", ["-c", asked, "bash", ...words]);
  assert.deepEqual([result.code, result.stderr], [0, ""]);
  return result.stdout.split("\n").filter((word) => word !== "");
}

test("bash completes commands, their words, options and values", async () => {
  assert.deepEqual(await offered("cogd", "gear"), ["gearman", "gearadmin"]);
  assert.deepEqual(await offered("cogd", "--http-po"), ["--http-port"]);
  assert.deepEqual(await offered("cogd", "gearadmin", "t"), ["top"]);
  assert.deepEqual(await offered("cogd", "gearadmin", "check", "--waiting"), [
    "--waiting-warning",
    "--waiting-critical",
  ]);
  assert.deepEqual(await offered("cogd", "token", "r"), ["remove"]);
  assert.deepEqual(await offered("cogd", "completion", ""), ["bash", "zsh", "fish"]);
  assert.deepEqual(await offered("cogd", "help", "my"), ["mysql"]);
  assert.deepEqual(await offered("/usr/bin/gearadmin", "--show"), [
    "--show-unique-jobs",
    "--show-jobs",
  ]);
  assert.ok((await offered("gearman", "-")).includes("-f"));
  assert.deepEqual(await offered("gearmand", "--verbose", "WAR"), ["WARNING"]);
  assert.deepEqual(await offered("cogd", "--queue-type", "=", "sq"), ["sqlite"]);
  assert.ok((await offered("cogd", "--pid-file", "/etc/passw")).includes("/etc/passwd"));
});

test("every shell gets a script; another word is refused", () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out } = script(shell);
    assert.equal(code, 0);
    assert.match(out, /gearadmin/);
  }
  assert.match(script("fish").out, /^complete -c gearadmin -l status -d '/m);
  assert.equal(script("--help").code, 0);
  assert.deepEqual([script("csh").code, script().code], [1, 1]);
});
