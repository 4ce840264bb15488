import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { byteStringFrom } from "../../src/protocol/mod.ts";
import {
  binaryPath,
  COGD_BINARIES,
  flavourMissing,
  programMissing,
  runProgram,
  startCogd,
  startGearmand,
  temporaryFolder,
  WireClient,
} from "../support/mod.ts";
import { outputOf } from "./servers.ts";

/** The queue on SQLite as operators meet it: restarts, two servers, a gearmand's file, a full disk. */

/** How `unshare` gives a process file systems of its own. */
const UNSHARE = [...(process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"]), "--mount"];

/** Why no small file system can be mounted here, or false. */
function mountMissing(): string | false {
  const mount = ["mount", "-t", "tmpfs", "none", "/mnt"];
  if (spawnSync("unshare", [...UNSHARE, ...mount], { stdio: "ignore" }).status === 0) return false;
  const reason = "this machine lets no process mount a small file system (unshare, mount)";
  console.error(`skipped: ${reason}`);
  return reason;
}

const binary = (flavour: string) => binaryPath(flavour as "deno-binary" | "bun-binary");

async function background(client: WireClient, unique: string, data = "x"): Promise<string> {
  const reply = await client.ask("SUBMIT_JOB_BG", { args: ["f", unique], data }, "JOB_CREATED");
  return reply.args[0]!;
}

/** The number of a handle. */
function numberOf(handle: string): number {
  return Number(/:(\d+)$/.exec(handle)?.[1]);
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: handles go on behind the old ones after a stop and after a kill`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const dataDir = folder.path;
    const handles: string[] = [];
    for (const [round, end] of (["stop", "kill9", "stop"] as const).entries()) {
      const cogd = await startCogd({ flavour, dataDir });
      try {
        await using client = await WireClient.connect(cogd.port);
        for (const handle of handles) {
          const status = await client.ask("GET_STATUS", { args: [handle] }, "STATUS_RES");
          assert.deepEqual(status.args, [handle, "1", "0", "0", "0"]);
        }
        for (let at = 0; at < 3; at++) handles.push(await background(client, `${round}-${at}`));
        // The same unique ID is still the same job.
        const again = await background(client, `${round}-0`);
        assert.equal(again, handles.at(-3));
      } finally {
        await cogd[end]();
      }
    }
    const numbers = handles.map(numberOf);
    assert.deepEqual(numbers, [...new Set(numbers)].sort((one, other) => one - other));
    assert.equal((await stat(join(dataDir, "queue.db"))).mode & 0o077, 0);
  });

  test(`${flavour}: a second server on the same data folder is refused and told who holds it`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour });
    for (const other of COGD_BINARIES.filter((each) => existsSync(binary(each)))) {
      const args = ["-p", "0", "-L", "127.0.0.1", "--data-dir", cogd.dataDir];
      const second = await runProgram(binary(other), args);
      assert.equal(second.code, 1);
      assert.match(
        second.stderr,
        new RegExp(`^cogd: Cannot open ".*queue\\.db": .*process ${cogd.pid}\\b`),
      );
    }
    await using client = await WireClient.connect(cogd.port);
    await background(client, "still served");
  });

  test(`${flavour}: a delayed job wakes a worker when it is due, after a restart`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const due = Math.floor(Date.now() / 1000) + 3;
    let handle: string | undefined;
    {
      await using cogd = await startCogd({ flavour, dataDir: folder.path });
      await using client = await WireClient.connect(cogd.port);
      const later = { args: ["f", "later", String(due)], data: "later" };
      handle = (await client.ask("SUBMIT_JOB_EPOCH", later, "JOB_CREATED")).args[0];
    }
    await using cogd = await startCogd({ flavour, dataDir: folder.path });
    await using worker = await WireClient.connect(cogd.port);
    worker.send("CAN_DO", { args: ["f"] });
    worker.send("GRAB_JOB_UNIQ");
    let job = await worker.readPacket();
    // On a slow machine the time has come before the server is there again.
    if (job.name === "NO_JOB") {
      worker.send("PRE_SLEEP");
      await worker.expect("NOOP");
      assert.ok(Date.now() / 1000 >= due, "woken before it was due");
      job = await worker.ask("GRAB_JOB_UNIQ", {}, "JOB_ASSIGN_UNIQ");
    }
    assert.ok(Date.now() / 1000 >= due, "given out before it was due");
    assert.deepEqual(job.args, [handle, "f", "later"]);
  });

  test(`${flavour}: a gearmand's SQLite queue is taken over with the same command line`, {
    skip: skip || programMissing("gearmand", "gearman"),
  }, async () => {
    await using folder = await temporaryFolder();
    await chmod(folder.path, 0o777);
    const args = ["-q", "libsqlite3", `--libsqlite3-db=${join(folder.path, "gearmand.db")}`];
    const gearman = (port: number, ...rest: string[]) =>
      outputOf("gearman", ["-p", String(port), ...rest]);
    const binaryData = String.fromCharCode(...Array.from({ length: 256 }, (_, at) => at));
    {
      await using gearmand = await startGearmand({ args });
      const submit = (...rest: string[]) => gearman(gearmand.port, "-b", "-f", "adopted", ...rest);
      await submit("-L", "-u", "low", "low;");
      await submit("-u", "normal", "normal;");
      await submit("-I", "-u", "high", "high;");
      await using client = await WireClient.connect(gearmand.port);
      // With an empty workload gearmand can't start any more.
      await client.ask("SUBMIT_JOB_BG", { args: ["empty", "e"] }, "JOB_CREATED");
      await client.ask("SUBMIT_JOB_BG", { args: ["bytes", "b"], data: binaryData }, "JOB_CREATED");
      const epoch = String(Math.floor(Date.now() / 1000) + 3600);
      await client.ask("SUBMIT_JOB_EPOCH", { args: ["later", "l", epoch] }, "JOB_CREATED");
    }
    for (const round of ["first", "second"]) {
      await using cogd = await startCogd({ flavour, args });
      await using client = await WireClient.connect(cogd.port);
      client.sendText("status\n");
      const status = ["adopted\t3\t0\t0", "bytes\t1\t0\t0", "empty\t1\t0\t0", "later\t1\t0\t0"];
      assert.deepEqual((await client.readListing()).sort(), status);
      if (round === "first") {
        // At every verbosity: it happens once.
        assert.match(cogd.process.stderr, /\b6 jobs\b.*gearman_queue|gearman_queue.*\b6 jobs\b/);
      }
    }
    await using cogd = await startCogd({ flavour, args });
    assert.equal(await gearman(cogd.port, "-w", "-c", "3", "-f", "adopted"), "high;normal;low;");
    assert.equal(await gearman(cogd.port, "-w", "-c", "1", "-f", "empty"), "");
    await using client = await WireClient.connect(cogd.port);
    client.send("CAN_DO", { args: ["bytes"] });
    const job = await client.ask("GRAB_JOB", {}, "JOB_ASSIGN");
    assert.equal(byteStringFrom(job.data), binaryData);
    client.send("WORK_COMPLETE", { args: [job.args[0]!] });
    client.sendText("show unique jobs\n");
    assert.deepEqual(await client.readListing(), ["l"]);
  });

  test(`${flavour}: a full disk refuses jobs, and takes them again when there is room`, {
    skip: skip || mountMissing(),
  }, async () => {
    await using folder = await temporaryFolder();
    const disk = join(folder.path, "disk");
    await mkdir(disk);
    // A file system of 4 MiB that only this process sees, with something large on it.
    const program = join(folder.path, "on-a-small-disk");
    const prepare = 'mount -t tmpfs -o size=4m none "$0"; head -c 2000000 /dev/zero > "$0/large"';
    await writeFile(
      program,
      `#!/bin/sh
exec unshare ${UNSHARE.join(" ")} sh -ec '${prepare}; exec "$@"' "${disk}" "${binary(flavour)}" "$@"
`,
      { mode: 0o755 },
    );
    await using cogd = await startCogd({
      program,
      dataDir: disk,
      args: ["--store-wait", "1"],
    });
    await using client = await WireClient.connect(cogd.port);
    const accepted: string[] = [];
    const submit = async (unique: string) => {
      const data = "y".repeat(60_000);
      client.send("SUBMIT_JOB_BG", { args: ["f", unique], data });
      return await client.readPacket();
    };
    for (;;) {
      const reply = await submit(`u${accepted.length}`);
      if (reply.name === "ERROR") {
        assert.equal(reply.args[0], "QUEUE_ERROR");
        break;
      }
      accepted.push(reply.args[0]!);
      assert.ok(accepted.length < 100, "the disk does not get full");
    }
    // Foreground jobs need no disk.
    await client.ask("SUBMIT_JOB", { args: ["g", ""], data: "x" }, "JOB_CREATED");
    await rm(`/proc/${cogd.pid}/root${join(disk, "large")}`);
    const later = await submit("later");
    assert.equal(later.name, "JOB_CREATED", later.args.join(" "));
    accepted.push(later.args[0]!);

    await using worker = await WireClient.connect(cogd.port);
    worker.send("CAN_DO", { args: ["f"] });
    const run: string[] = [];
    for (let at = 0; at < accepted.length; at++) {
      const job = await worker.ask("GRAB_JOB", {}, "JOB_ASSIGN");
      run.push(job.args[0]!);
      worker.send("WORK_COMPLETE", { args: [job.args[0]!] });
    }
    assert.deepEqual(run, accepted);
    await worker.ask("GRAB_JOB", {}, "NO_JOB");
  });
}
