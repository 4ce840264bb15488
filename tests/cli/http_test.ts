import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { memoryPlugin } from "../../plugins/memory/mod.ts";
import { readCommandLine } from "../../src/cli/command_line.ts";
import { serveConfig } from "../../src/cli/config.ts";
import { httpAddresses } from "../../src/cli/http_addresses.ts";
import type { HttpConfig } from "../../src/cli/http_config.ts";
import { manageTokens } from "../../src/cli/token_role.ts";
import { temporaryFolder } from "../support/mod.ts";

function httpFor(...words: string[]): HttpConfig | undefined {
  const values = readCommandLine(words, [memoryPlugin], []);
  const around = { environment: {}, hostname: "host", isRoot: true };
  return serveConfig(values, [memoryPlugin], around).http;
}

const MEMORY = "-qmemory";

test("options of HTTP reach its configuration", () => {
  assert.equal(httpFor(MEMORY, "--no-http"), undefined);
  const { gateway, ...door } = httpFor(
    MEMORY,
    ..."--http-listen a --http-listen b --http-port 81 --http-tokens f --http-insecure".split(" "),
    ..."--http-host x --http-host y --http-timeout 5 --http-retain 0 --http-max-body 2K".split(" "),
    ..."--http-shutdown --http-patience 3 --protocol=http --http-compat=strict".split(" "),
  )!;
  assert.deepEqual(door, {
    listenOn: ["a", "b"],
    port: "81",
    wanted: true,
    tokensFile: "f",
    insecure: true,
    hostNames: ["x", "y"],
  });
  const { syncMs, retainMs, maxBodyBytes, patienceMs, shutdownEnabled, dialect } = gateway;
  assert.deepEqual([syncMs, retainMs, maxBodyBytes, patienceMs, shutdownEnabled, dialect], [
    5000,
    0,
    2048,
    3000,
    true,
    "strict",
  ]);
});

test("an address or the old protocol that was asked for is wanted, a default is not", () => {
  const wanted = (...words: string[]) => httpFor(MEMORY, ...words)!.wanted;
  assert.equal(wanted(), false);
  assert.equal(wanted("--http-port=8080"), true);
  assert.equal(wanted("--http-listen=127.0.0.1"), true);
  assert.equal(wanted("-rhttp"), true);
});

test("options of HTTP that make no sense are refused", () => {
  for (
    const words of [
      ["--http-timeout=0"],
      ["--http-timeout=3601"],
      ["--http-max-body=0"],
      ["--http-patience=0"],
      ["--http-retain=315360001"],
      ["--http-compat=lax", "-rhttp"],
      ["--http-compat=strict"],
      ["-rhttp", "--no-http"],
    ]
  ) {
    assert.throws(() => httpFor(MEMORY, ...words), { code: "INVALID_ARGUMENT" }, words.join(" "));
  }
});

test("other machines are let in with tokens or on the operator's word only", async () => {
  const addresses = (...words: string[]) => httpAddresses(httpFor(MEMORY, ...words)!);
  assert.deepEqual(await addresses(), [{ hostname: "127.0.0.1", port: 8080 }]);
  assert.deepEqual(await addresses("--http-listen=::1"), [{ hostname: "::1", port: 8080 }]);
  for (const open of ["0.0.0.0", "::", "10.0.0.1"]) {
    const refused = addresses(`--http-listen=${open}`);
    await assert.rejects(refused, { code: "INVALID_ARGUMENT", message: /--http-tokens/ });
    assert.equal((await addresses(`--http-listen=${open}`, "--http-insecure")).length, 1);
    assert.equal((await addresses(`--http-listen=${open}`, "--http-tokens=f")).length, 1);
  }
});

interface TokenAnswer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function token(...words: string[]): TokenAnswer {
  let out = "";
  let err = "";
  const code = manageTokens(words, {
    stdout: (text) => out += text,
    stderr: (text) => err += text,
    now: () => Date.parse("2026-01-31T00:00:00Z"),
  });
  return { code, out, err };
}

test("cogd token adds, lists and removes tokens, and keeps none of them in the clear", async () => {
  await using folder = await temporaryFolder();
  const file = `--file=${folder.path}/tokens`;
  const path = `${folder.path}/tokens`;
  const added = token(
    ...["add", file, "--name=ci", "--role=submit,inspect", "--functions=img_*, mail"],
    "--expires=30d",
  );
  assert.deepEqual([added.code, added.err], [0, "The token is shown only now:\n"]);
  assert.match(added.out, /^cogd_[A-Za-z0-9_-]{43}\n$/);
  assert.equal(token("add", file, "--name=ops", "--role=admin").code, 0);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const text = readFileSync(path, "utf8");
  assert.ok(!text.includes(added.out.trim()));
  assert.equal(existsSync(`${path}.new`), false);
  assert.deepEqual(token("list", file).out.split("\n"), [
    "NAME  ROLES           FUNCTIONS   CREATED                   EXPIRES",
    "ci    submit,inspect  img_*,mail  2026-01-31T00:00:00.000Z  2026-03-02T00:00:00.000Z",
    "ops   admin           *           2026-01-31T00:00:00.000Z  never",
    "",
  ]);
  assert.equal(token("remove", file, "--name=ci").code, 0);
  assert.doesNotMatch(token("list", file).out, /^ci/m);
});

test("cogd token says what is wrong and changes nothing then", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/tokens`;
  const file = `--file=${path}`;
  assert.equal(token("add", file, "--name=a", "--role=submit").code, 0);
  const before = readFileSync(path, "utf8");
  const wrong: readonly (readonly [string[], RegExp])[] = [
    [["add", file, "--name=a", "--role=submit"], /there is one already/],
    [["add", file, "--name=b"], /--role/],
    [["add", file, "--name=b", "--role=root"], /there are submit, inspect/],
    [["add", file, "--name=b b", "--role=submit"], /letters, digits/],
    [["add", file, "--name=b", "--role=submit", "--functions=x,,y"], /item is empty/],
    [["add", file, "--name=b", "--role=submit", "--expires=2020-01-01"], /time to come/],
    [["add", file, "--name=b", "--role=submit", "--expires=soon"], /time to come/],
    [["add", "--name=b", "--role=submit"], /without --file/],
    [["remove", file, "--name=b"], /there is none/],
    [["remove", `${file}.none`, "--name=b"], /Cannot read the token file/],
    [["list", `${file}.none`], /Cannot read the token file/],
    [["show", file], /add, list or remove/],
    [["add", file, "--nmae=b"], /did you mean '--name'/],
  ];
  for (const [words, text] of wrong) {
    const answer = token(...words);
    assert.deepEqual([answer.code, answer.out], [1, ""], words.join(" "));
    assert.match(answer.err, text);
  }
  assert.equal(readFileSync(path, "utf8"), before);
  assert.equal(existsSync(`${path}.none`), false);
  writeFileSync(`${path}.new`, "");
  assert.match(token("add", file, "--name=c", "--role=submit").err, /another command/);
  chmodSync(path, 0o622);
  assert.match(token("list", file).err, /others may write/);
  assert.match(token("--help").out, /cogd token add/);
});
