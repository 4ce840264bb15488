import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { BUILT_IN_PLUGINS } from "../../plugins/mod.ts";
import { completion } from "../../src/cli/completion/mod.ts";
import { programMissing, PROJECT_ROOT, runProgram, temporaryFolder } from "../support/mod.ts";

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

test("zsh completes in its own line editor", { skip: programMissing("zsh") }, async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "completion.zsh");
  await writeFile(file, script("zsh").out);
  const asked: readonly (readonly [string, string])[] = [
    ["cogd gearadm", "cogd gearadmin"],
    ["cogd --http-por", "cogd --http-port"],
    ["cogd gearadmin to", "cogd gearadmin top"],
    ["gearadmin check --waiting-w", "gearadmin check --waiting-warning"],
    ["cogd token rem", "cogd token remove"],
    ["cogd help mys", "cogd help mysql"],
    ["gearmand --verbose WAR", "gearmand --verbose WARNING"],
    ["gearmand --verbose=WAR", "gearmand --verbose=WARNING"],
    ["cogd --pid-file /etc/passw", "cogd --pid-file /etc/passwd"],
    ["cogd no-such-command-", "cogd no-such-command-"],
  ];
  const result = await runProgram("zsh", [
    "-f",
    join(PROJECT_ROOT, "tests/testdata/zsh/complete.zsh"),
    file,
    ...asked.map(([typed]) => typed),
  ], { timeoutMs: 60_000 });
  const completed = [...result.stdout.matchAll(/<<(.*)>>/g)].map(([, line]) => line);
  assert.deepEqual(completed, asked.map(([, line]) => line), result.output);
});

test("fish completes commands, their words, options and values", {
  skip: programMissing("fish"),
}, async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "completion.fish");
  await writeFile(file, script("fish").out);
  const asked: readonly (readonly [string, readonly string[]])[] = [
    ["cogd gear", ["gearadmin", "gearman"]],
    ["cogd --http-po", ["--http-port"]],
    ["cogd gearadmin to", ["top"]],
    ["cogd gearadmin check --waiting", ["--waiting-critical", "--waiting-warning"]],
    ["cogd token r", ["remove"]],
    ["cogd completion ", ["bash", "fish", "zsh"]],
    ["cogd help my", ["mysql"]],
    ["gearadmin --show", ["--show-jobs", "--show-unique-jobs"]],
    ["gearmand --verbose WAR", ["WARNING"]],
    ["gearmand --verbose=WAR", ["--verbose=WARNING"]],
    ["cogd work --conf", ["--config"]],
    ["cogd export --to ", ["gearmand", "gearmand-2"]],
    ["cogd --pid-file /etc/passw", ["/etc/passwd"]],
  ];
  for (const [typed, expected] of asked) {
    const result = await runProgram(
      "fish",
      ["--no-config", "-c", `source ${file}; complete -C ${JSON.stringify(typed)}`],
      { timeoutMs: 30_000, cwd: folder.path, env: { HOME: folder.path } },
    );
    const offers = result.stdout.split("\n").filter((line) => line !== "")
      .map((line) => line.split("\t")[0]!);
    assert.equal(result.stderr, "");
    for (const word of expected) assert.ok(offers.includes(word), `${typed}: ${offers}`);
    if (!typed.includes("/")) assert.deepEqual(offers.sort(), expected, typed);
  }
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
