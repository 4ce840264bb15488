import assert from "node:assert/strict";
import { test } from "node:test";
import { COGD_FLAVOURS, projectConfig, runProgram, WireClient } from "../support/mod.ts";
import {
  comparisonMissing,
  oncePerServer,
  type RunningServer,
  startServerNamed,
} from "./servers.ts";

/** Debian's `gearadmin`. */

/** What it printed on standard output and standard error, and its exit code. */
async function gearadmin(port: number, ...args: readonly string[]): Promise<string> {
  const result = await runProgram("gearadmin", ["-p", String(port), ...args]);
  return `${result.stdout}|${result.stderr}|${result.timedOut ? "did not end" : result.code}`;
}

/** Lists come in any order; connections have any number. */
function sorted(printed: string): string {
  return printed.replace(/\bname:\d+/, "name:PORT").replace(/^\d+ (127\.0\.0\.1)/gm, "N $1").split(
    "\n",
  ).sort().join("\n");
}

/** Every action, before and after there is something to show. */
const observations = oncePerServer(async ({ port, pid }: RunningServer) => {
  const seen: Record<string, string> = {};
  const note = async (name: string, ...args: readonly string[]) => {
    seen[name] = sorted(await gearadmin(port, ...args));
  };
  const lists = async (when: string) => {
    for (
      const list of ["status", "priority-status", "workers", "show-jobs", "show-unique-jobs"]
    ) await note(`${list}, ${when}`, `--${list}`);
  };
  await lists("empty");
  await note("help", "--help");
  await note("nothing to do");
  await note("unknown option", "--shutdown");
  await note("verbosity", "--server-verbose");
  await note("create", "--create-function", "created");
  await note("create again", "--create-function=created");
  await note("several", "--create-function", "more", "--status", "--workers");
  await note("abbreviation", "--stat");
  await note("drop", "--drop-function", "more");
  await note("drop unknown", "--drop-function", "never created");
  await note("cancel unknown", "--cancel-job", "H:nowhere:1");
  seen["pid"] = (await gearadmin(port, "--getpid")).replace(String(pid), "its own");

  await using worker = await WireClient.connect(port);
  worker.send("SET_CLIENT_ID", { args: ["the-worker"] });
  worker.send("CAN_DO", { args: ["resize"] });
  worker.send("CAN_DO", { args: ["with a space"] });
  await using client = await WireClient.connect(port);
  const submit = async (
    kind: "SUBMIT_JOB" | "SUBMIT_JOB_BG" | "SUBMIT_JOB_LOW_BG" | "SUBMIT_JOB_HIGH_BG",
    unique: string,
  ) => (await client.ask(kind, { args: ["resize", unique], data: "x" }, "JOB_CREATED")).args[0]!;
  await submit("SUBMIT_JOB", "foreground");
  await worker.ask("GRAB_JOB", {}, "JOB_ASSIGN");
  const normal = await submit("SUBMIT_JOB_BG", "normal");
  await submit("SUBMIT_JOB_LOW_BG", "low");
  await submit("SUBMIT_JOB_HIGH_BG", "high");
  await submit("SUBMIT_JOB_BG", "");
  await lists("with jobs");
  await note("drop with workers", "--drop-function", "resize");
  await note("cancel", "--cancel-job", normal);
  await note("status after cancel", "--status");
  await note("server away", "-p", "1", "--status");
  await note("impossible host", "-h", "bad..name", "--status");
  await note("address", "-h", "127.0.0.1", "--server-verbose");
  return seen;
});

for (const flavour of COGD_FLAVOURS) {
  const skip = comparisonMissing(flavour, "gearadmin");

  test(`${flavour}: every action of gearadmin prints what it prints with C gearmand`, {
    skip,
  }, async () => {
    assert.deepEqual(await observations(flavour), await observations("gearmand"));
  });

  test(`${flavour}: gearadmin shows functions, jobs and workers`, { skip }, async () => {
    const seen = await observations(flavour);
    const list = (...lines: string[]) => sorted(`${lines.join("\n")}\n.\n||0`);
    assert.deepEqual({
      status: seen["status, with jobs"],
      priorities: seen["priority-status, with jobs"],
      unique: seen["show-unique-jobs, with jobs"],
      drop: seen["drop with workers"],
      pid: seen["pid"],
      verbosity: seen["verbosity"],
    }, {
      status: list("created\t0\t0\t0", "resize\t5\t1\t1", "with a space\t0\t0\t1"),
      priorities: list("created\t0\t0\t0\t0", "resize\t1\t2\t1\t1", "with a space\t0\t0\t0\t1"),
      unique: list("foreground", "normal", "low", "high", ""),
      drop: sorted("|Error: there are still connected workers or executing clients\r\n|0"),
      pid: "its own\n||0",
      verbosity: sorted("INFO\n||0"),
    });
    assert.match(seen["workers, with jobs"]!, /^N 127\.0\.0\.1 the-worker : with a space resize$/m);
    assert.match(seen["show-jobs, with jobs"]!, /^H:[^:]+:1\t0\t0\t0$/m);
  });

  test(`${flavour}: gearadmin shows cogd's version; jobs in a queue keep their function`, {
    skip,
  }, async () => {
    await using server = await startServerNamed(flavour);
    assert.equal(
      await gearadmin(server.port, "--server-version"),
      `${projectConfig().version}\n||0`,
    );
    await runProgram("gearman", ["-p", String(server.port), "-b", "-f", "kept", "x"]);
    assert.equal(
      await gearadmin(server.port, "--drop-function", "kept"),
      "|Error: there are still connected workers or executing clients\r\n|0",
    );
    assert.equal(await gearadmin(server.port, "--status"), "kept\t1\t0\t0\n.\n||0");
  });
}
