import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setOpenFilesLimit } from "../../src/runtime/mod.ts";
import {
  COGD_BINARIES,
  flavourMissing,
  type RunningCogd,
  runProgram,
  startCogd,
  WireClient,
} from "../support/mod.ts";
import { until } from "./servers.ts";

/** Addresses, many connections, and too many connections. */

/** Addresses that `workers` shows, one for each connection. */
async function peers(client: WireClient): Promise<string[]> {
  client.sendText("workers\n");
  return (await client.readListing()).map((line) => line.split(" ")[1]!);
}

/** Seconds of processor time that a process has used. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function openDescriptors({ pid }: RunningCogd): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: it listens where it is told, IPv6 too, and shows peers as they are`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour, listen: "::1" });
    assert.equal(cogd.address, "::1");
    await using client = await WireClient.connect(cogd.port, { hostname: "::1" });
    assert.deepEqual(await peers(client), ["::1"]);
    await assert.rejects(WireClient.connect(cogd.port, { hostname: "127.0.0.1" }));

    const own = [`-p`, String(cogd.port), "-L", "127.0.0.2", "-L", "127.0.0.3", "-L", "127.0.0.2"];
    await using second = await startCogd({ flavour, port: null, args: own });
    assert.match(
      second.startLine,
      new RegExp(`listening on 127\\.0\\.0\\.2:${cogd.port}, 127\\.0\\.0\\.3:${cogd.port}; queue`),
    );
    for (const hostname of ["127.0.0.2", "127.0.0.3"]) {
      await using other = await WireClient.connect(second.port, { hostname });
      assert.equal((await peers(other)).length, 1);
    }
  });

  test(`${flavour}: by default it listens on all addresses of both families`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour, port: null, args: ["-p", "0"] });
    await using four = await WireClient.connect(cogd.port, { hostname: "127.0.0.1" });
    await using six = await WireClient.connect(cogd.port, { hostname: "::1" });
    await six.expectSilence();
    assert.deepEqual((await peers(four)).sort(), ["127.0.0.1", "::1"]);
    await using named = await startCogd({ flavour, listen: "localhost" });
    await using local = await WireClient.connect(named.port, { hostname: "127.0.0.1" });
    assert.deepEqual(await peers(local), ["127.0.0.1"]);
  });

  test(`${flavour}: twelve hundred workers sleep, each of them can be woken`, {
    skip,
  }, async () => {
    setOpenFilesLimit(4000n);
    const args = ["-f", "4000", "-q", "builtin"];
    await using cogd = await startCogd({ flavour, args });
    const workers: WireClient[] = [];
    try {
      for (let at = 0; at < 1200; at++) {
        const worker = await WireClient.connect(cogd.port);
        workers.push(worker);
        worker.send("CAN_DO", { args: [`f${at}`] });
        worker.send("PRE_SLEEP");
      }
      for (const worker of workers) await worker.expectSilence();
      await using client = await WireClient.connect(cogd.port);
      assert.equal((await peers(client)).length, 1201);
      for (const [at, worker] of workers.entries()) {
        const job = { args: [`f${at}`, ""], data: `for ${at}` };
        const handle = (await client.ask("SUBMIT_JOB", job, "JOB_CREATED")).args[0]!;
        await worker.expect("NOOP");
        await worker.ask("GRAB_JOB", {}, "JOB_ASSIGN");
        worker.send("WORK_COMPLETE", { args: [handle], data: `by ${at}` });
        await client.expect("WORK_COMPLETE");
      }
      await Promise.all(workers.map((worker) => worker.close()));
      await until("the server to have forgotten them", async () => {
        return (await peers(client)).length === 1 ? true : undefined;
      });
    } finally {
      await Promise.all(workers.map((worker) => worker.close()));
    }
  });

  test(`${flavour}: without descriptors it rests, and serves again when there are some`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour, args: ["-f", "60", "-q", "builtin"] });
    const clients: WireClient[] = [];
    try {
      const first = await WireClient.connect(cogd.port);
      clients.push(first);
      await first.expectSilence();
      for (let at = 0; at < 60; at++) clients.push(await WireClient.connect(cogd.port));
      await cogd.process.waitForLog("Cannot accept more connections");
      // The only way to see that a process does not spin is to watch it for a while.
      const before = processorSeconds(cogd.pid);
      await runProgram("sleep", ["1"]);
      const used = processorSeconds(cogd.pid) - before;
      assert.ok(used < 0.5, `${used} s of processor time in 1 s of doing nothing`);
      const served = (await peers(first)).length;
      assert.ok(served > 10 && served < 60, `${served} connections are served`);
      assert.ok(openDescriptors(cogd) < 60);

      // On Deno the others wait in the system's queue until some leave; Bun can only turn them away.
      const last = clients.at(-1)!;
      const waiting = flavour === "deno-binary"
        ? last.expectSilence()
        : last.waitForEnd().then(() => {});
      const leaving = clients.splice(1, 40).map((client) => client.close());
      await Promise.all([waiting, ...leaving]);
    } finally {
      await Promise.all(clients.map((client) => client.close()));
    }
    await until("a new connection to be served", async () => {
      await using later = await WireClient.connect(cogd.port);
      try {
        await later.expectSilence();
        return true;
      } catch {
        return undefined;
      }
    });
  });
}
