import assert from "node:assert/strict";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import {
  COGD_BINARIES,
  cogdCommand,
  flavourMissing,
  freePort,
  programMissing,
  PROJECT_ROOT,
  startCogd,
  temporaryFolder,
} from "../support/mod.ts";
import { ask } from "./http_caller.ts";
import { consoleExchanges, fencedBlocks, runSession } from "./transcript.ts";

/**
 * The README's session with curl, as printed. Only the ports are others: those of its first server
 * (`localhost:8080`, and 4730 by the environment) and of its second one.
 */

const README = await readFile(join(PROJECT_ROOT, "README.md"), "utf8");
const SESSION = consoleExchanges(README);
/** The workers that it names: a block of lines without a mark. */
const WORKERS = fencedBlocks(README, "").find((block) => block.includes("-- gzip"))!.trim()
  .split("\n");

test("the README's session holds what the gateway can do", () => {
  const commands = SESSION.map(({ command }) => command).join("\n");
  const operations = [
    /respond-async/,
    /\/result/,
    /\/events/,
    /Prefer: wait=/,
    /Idempotency-Key/,
    /payload_text/,
    /ndjson/,
    /delay=/,
    /unique=/,
    /cron=/,
    /\/pause/,
    /PATCH/,
    /\/explain/,
    /DELETE/,
    /\/workers/,
    /\/readyz/,
    /\/metrics/,
    /openapi/,
    /Authorization/,
  ];
  for (const operation of operations) assert.match(commands, operation);
});

test("the guide names every address, every option of a submission and every problem", async () => {
  const guide = await readFile(join(PROJECT_ROOT, "docs/http.md"), "utf8");
  const named = new Set([...guide.matchAll(/`([^`]+)`/g)].map(([, code]) => code!));
  await using cogd = await startCogd({ http: true });
  const description = JSON.parse(
    (await ask(cogd.url, "GET /openapi.json")).text,
  ) as Description;
  const { parameters } = description.paths["/jobs/{name}"]!["post"]!;
  for (const { name, in: where } of parameters) {
    if (where !== "query") continue;
    assert.ok([...named].some((code) => code.split("=")[0] === name), `the option ${name}`);
  }
  const codes = [...named].flatMap((code) => code.split(/[ ?]/));
  for (const path of Object.keys(description.paths)) {
    const last = path.split("/").at(-1)!;
    const address = last.startsWith("{") ? path.replace(/\{[^}]*\}/, "") : `/${last}`;
    const isThere = (code: string) =>
      last.startsWith("{") ? code.startsWith(address) : code.endsWith(address);
    assert.ok(codes.some(isThere), `the address ${path}`);
  }
  const problems =
    (await ask(cogd.url, "GET /problems", { headers: { accept: "text/html" } })).text;
  const types = [
    ...new Set([...problems.matchAll(/problems\/([a-z-]+)/g)].map(([, type]) => type!)),
  ];
  assert.ok(types.length > 20);
  for (const type of types) assert.ok(named.has(type), `the problem ${type}`);
});

/** The session ends its second server itself; one that broke off does not. */
function endedAtLast(pidFile: string): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      const pid = Number(await readFile(pidFile, "utf8").catch(() => "0"));
      if (pid > 0) process.kill(pid, "SIGKILL");
    },
  };
}

interface Description {
  readonly paths: Record<
    string,
    Record<string, { readonly parameters: readonly { name: string; in: string }[] }>
  >;
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour) || programMissing("curl", "gearman");

  test(`${flavour}: the README's session with curl goes as printed`, { skip }, async () => {
    await using folder = await temporaryFolder();
    await symlink(cogdCommand(flavour).command, join(folder.path, "cogd"));
    await using cogd = await startCogd({ flavour, http: true });
    const second = { port: await freePort(), httpPort: await freePort() };
    await using _daemon = endedAtLast(join(folder.path, "cogd.pid"));
    await runSession(SESSION, {
      cwd: folder.path,
      env: {
        GEARMAN_SERVERS: `localhost:${cogd.port}`,
        PATH: `${folder.path}:${process.env["PATH"] ?? ""}`,
      },
      substitutions: {
        "localhost:8080": `localhost:${cogd.httpPort}`,
        "localhost:8081": `localhost:${second.httpPort}`,
        "--http-port 8081 --port 4731": `--http-port ${second.httpPort} --port ${second.port}`,
      },
      before: WORKERS.map((worker) => `${worker} &`),
    });
  });
}
