import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import {
  COGD_BINARIES,
  cogdCommand,
  type CogdFlavour,
  deadline,
  flavourMissing,
  freePort,
  PATIENCE_MS,
  runProgram,
  ServerProcess,
  startCogd,
  temporaryFolder,
  waitForExit,
  WireClient,
} from "../support/mod.ts";
import { until } from "./servers.ts";

/** The executables' HTTP side from start to end: addresses, tokens, signals. */

const STOPPED = { code: 0, signal: null };

async function listening(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function run(flavour: CogdFlavour, ...words: string[]) {
  const { command, args } = cogdCommand(flavour);
  return await runProgram(command, [...args, ...words]);
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const whole = async () => {
    const response = await fetch(url, init);
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return await deadline(whole(), PATIENCE_MS, `an answer from ${url}`);
}

function problemOf({ headers, text }: Answer): string {
  assert.equal(headers.get("content-type"), "application/problem+json");
  return (JSON.parse(text) as { type: string }).type;
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: the start line names HTTP's address, and its pages and description are there`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour, http: true });
    assert.match(
      cogd.startLine,
      /^.*cogd \S+ listening on 127\.0\.0\.1:\d+, http:\/\/127\.0\.0\.1:\d+; queue /,
    );
    for (const path of ["/", "/docs", "/problems"]) {
      const response = await ask(cogd.url + path, { headers: { accept: "text/html" } });
      assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
      assert.match(response.text, /^<!doctype html>[\s\S]*<\/html>\s*$/);
    }
    const { text } = await ask(`${cogd.url}/openapi.json`);
    const description = JSON.parse(text) as { openapi: string };
    assert.equal(description.openapi, "3.1.0");
    const head = await ask(`${cogd.url}/docs`, { method: "HEAD" });
    assert.ok(Number(head.headers.get("content-length")) > 10_000);
  });

  test(`${flavour}: without HTTP nothing listens for it`, { skip }, async () => {
    await using cogd = await startCogd({ flavour, http: false, args: ["--http-port=0"] });
    assert.deepEqual([cogd.httpPort, cogd.url], [0, ""]);
  });

  test(`${flavour}: a port that was asked for and is in use is waited for`, { skip }, async () => {
    await using folder = await temporaryFolder();
    const port = await freePort();
    const other = await listening(port);
    const { command, args } = cogdCommand(flavour);
    const cogd = await ServerProcess.start(command, [
      ...args,
      ...["-p0", "-L127.0.0.1", `--data-dir=${folder.path}`, `--http-port=${port}`],
    ]);
    try {
      await cogd.waitForLog(/127\.0\.0\.1:\d+ is in use; trying again/);
      other.close();
      assert.match(await cogd.waitForLog(/listening on/), new RegExp(`http://127.0.0.1:${port};`));
    } finally {
      other.close();
      await cogd.stop();
    }
  });

  test(`${flavour}: if the default port is in use it warns and serves without HTTP`, {
    skip,
  }, async () => {
    // If another program has it already, that serves as well.
    const other = await listening(8080).catch(() => undefined);
    try {
      await using cogd = await startCogd({ flavour, http: null, args: ["--verbose=WARNING"] });
      assert.equal(cogd.httpPort, 0);
      assert.match(cogd.process.stderr, /WARNING .*8080.*serving without HTTP.*--http-port/);
      await using client = await WireClient.connect(cogd.port);
      await client.ask("SUBMIT_JOB_BG", { args: ["f", "u"], data: "x" }, "JOB_CREATED");
    } finally {
      other?.close();
    }
  });

  test(`${flavour}: callers need the token that the command made, and its role`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "tokens");
    const made = await run(flavour, "token", "add", `--file=${file}`, "--name=ci", "--role=submit");
    assert.equal(made.code, 0, made.stderr);
    const token = made.stdout.trim();
    await using cogd = await startCogd({
      flavour,
      http: true,
      args: [`--http-tokens=${file}`, "--verbose=DEBUG"],
    });
    const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    assert.equal((await ask(`${cogd.url}/livez`)).status, 200);
    const nobody = await ask(`${cogd.url}/queues`);
    assert.deepEqual([nobody.status, problemOf(nobody)], [401, "/problems/unauthorized"]);
    assert.equal((await ask(`${cogd.url}/queues`, as(token))).status, 403);
    const submitted = await ask(`${cogd.url}/jobs/f?background=true`, {
      ...as(token),
      method: "POST",
      body: "x",
    });
    assert.equal(submitted.status, 202);
    const second = await run(
      flavour,
      "token",
      "add",
      `--file=${file}`,
      "--name=ops",
      "--role=admin",
    );
    await until("the new token to count", async () => {
      const { status } = await ask(`${cogd.url}/queues`, as(second.stdout.trim()));
      return status === 200 ? true : undefined;
    });
    assert.equal((await run(flavour, "token", "remove", `--file=${file}`, "--name=ci")).code, 0);
    await until("the old token to end", async () => {
      const { status } = await ask(`${cogd.url}/queues`, as(token));
      return status === 401 ? true : undefined;
    });
    assert.ok(!cogd.process.stderr.includes(token), "a token stands in the log");
  });

  test(`${flavour}: a start that would let in too many, or nobody, fails with the reason`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "tokens");
    const start = (...words: string[]) =>
      run(flavour, "-p0", "-L127.0.0.1", "-qmemory", "--http-port=0", ...words);
    const open = await start("--http-listen=0.0.0.0");
    assert.deepEqual([open.code, open.stdout], [1, ""]);
    assert.match(open.stderr, /Cannot serve HTTP on 0\.0\.0\.0 without tokens/);
    assert.match((await start(`--http-tokens=${file}`)).stderr, /Cannot read the token file/);
    await run(flavour, "token", "add", `--file=${file}`, "--name=a", "--role=admin");
    await chmod(file, 0o666);
    const unsafe = await start(`--http-tokens=${file}`);
    assert.deepEqual([unsafe.code, /others may write/.test(unsafe.stderr)], [1, true]);
  });

  test(`${flavour}: SIGTERM answers calls that wait with 503, and ends`, { skip }, async () => {
    await using cogd = await startCogd({ flavour, http: true });
    const call = ask(`${cogd.url}/jobs/nobody`, { method: "POST", body: "x" });
    await until("the call to wait", async () => {
      const { text } = await ask(`${cogd.url}/queues`);
      const { items } = JSON.parse(text) as { items: unknown[] };
      return items.length === 1 ? true : undefined;
    });
    cogd.process.signal("SIGTERM");
    const answer = await call;
    assert.deepEqual([answer.status, problemOf(answer)], [503, "/problems/draining"]);
    assert.ok(Number(answer.headers.get("retry-after")) > 0);
    assert.deepEqual(await waitForExit(cogd), STOPPED);
  });

  test(`${flavour}: SIGUSR1 refuses new calls, answers the running ones, and ends`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour, http: true });
    const worker = await WireClient.connect(cogd.port);
    worker.send("CAN_DO", { args: ["f"] });
    worker.send("PRE_SLEEP");
    const call = ask(`${cogd.url}/jobs/f`, { method: "POST", body: "x" });
    await worker.expect("NOOP");
    const [handle] = (await worker.ask("GRAB_JOB", {}, "JOB_ASSIGN")).args;
    cogd.process.signal("SIGUSR1");
    await until("new calls to be refused", async () => {
      const refused = await ask(`${cogd.url}/jobs/f?background=true`, { method: "POST" });
      if (refused.status === 202) return undefined;
      assert.deepEqual([refused.status, problemOf(refused)], [503, "/problems/draining"]);
      return true;
    });
    worker.send("WORK_COMPLETE", { args: [handle!], data: "done" });
    const answer = await call;
    assert.deepEqual([answer.status, answer.text], [200, "done"]);
    await worker.close();
    assert.deepEqual(await waitForExit(cogd), STOPPED);
  });
}
