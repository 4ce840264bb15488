import assert from "node:assert/strict";
import { test } from "node:test";
import {
  COGD_BINARIES,
  flavourMissing,
  startCogd,
  temporaryFolder,
  WireClient,
} from "../support/mod.ts";
import { assertSameBytes, sendInPieces, sizesAround, workload } from "./workloads.ts";

/** Workloads and results of every awkward size, in awkward pieces, byte for byte. */

const MIB = 1 << 20;
const SMALL_SIZES = [0, ...sizesAround(0, 17)];
const LARGE_SIZES = [...sizesAround(18, 23), 1 << 24, 1 << 25, ...sizesAround(26, 26)];
const STORED_SIZES = [...sizesAround(0, 10), ...sizesAround(14, 17), MIB - 1, MIB, 5 * MIB + 1];
const STORED_LARGE = [16 * MIB, 16 * MIB + 1, 64 * MIB];

/** A foreground job there, and its workload back as data, as a warning and as the result. */
async function roundTrip(client: WireClient, worker: WireClient, size: number): Promise<void> {
  const data = workload(size);
  await sendInPieces(client, "SUBMIT_JOB", { args: ["f", `unique-${size}`], data });
  const handle = (await client.expect("JOB_CREATED")).args[0]!;
  const job = await worker.ask("GRAB_JOB_UNIQ", {}, "JOB_ASSIGN_UNIQ");
  assert.deepEqual(job.args, [handle, "f", `unique-${size}`]);
  assertSameBytes(job.data, data, `workload of ${size} bytes`);
  const reports = size > MIB
    ? ["WORK_COMPLETE"] as const
    : ["WORK_DATA", "WORK_WARNING", "WORK_COMPLETE"] as const;
  for (const report of reports) {
    await sendInPieces(worker, report, { args: [handle], data });
    const received = await client.expect(report);
    assert.deepEqual(received.args, [handle]);
    assertSameBytes(received.data, data, `${report} of ${size} bytes`);
  }
}

for (const flavour of COGD_BINARIES) {
  const skip = flavourMissing(flavour);

  test(`${flavour}: workloads and results of 0 B to 64 MiB arrive as they were sent`, {
    skip,
  }, async () => {
    await using cogd = await startCogd({ flavour, args: ["-q", "builtin"] });
    await using client = await WireClient.connect(cogd.port);
    await using worker = await WireClient.connect(cogd.port);
    worker.send("CAN_DO", { args: ["f"] });
    for (const size of [...SMALL_SIZES, ...LARGE_SIZES]) await roundTrip(client, worker, size);
    await client.expectSilence();
    await worker.expectSilence();
  });

  test(`${flavour}: background jobs of every size keep bytes and handle over a restart`, {
    skip,
  }, async () => {
    await using folder = await temporaryFolder();
    const sizes = [...STORED_SIZES, ...STORED_LARGE];
    const handles = new Map<string, number>();
    {
      await using cogd = await startCogd({ flavour, dataDir: folder.path });
      await using client = await WireClient.connect(cogd.port);
      for (const size of sizes) {
        const args = ["f", `unique-${size}`];
        await sendInPieces(client, "SUBMIT_JOB_BG", { args, data: workload(size) });
        handles.set((await client.expect("JOB_CREATED")).args[0]!, size);
      }
      assert.equal(handles.size, sizes.length);
      assert.deepEqual(await cogd.stop(), { code: 0, signal: null });
    }
    {
      await using cogd = await startCogd({ flavour, dataDir: folder.path });
      await using worker = await WireClient.connect(cogd.port);
      worker.send("CAN_DO", { args: ["f"] });
      for (const size of sizes) {
        const job = await worker.ask("GRAB_JOB_UNIQ", {}, "JOB_ASSIGN_UNIQ");
        assert.equal(handles.get(job.args[0]!), size);
        assert.equal(job.args[2], `unique-${size}`);
        assertSameBytes(job.data, workload(size), `stored workload of ${size} bytes`);
        worker.send("WORK_COMPLETE", { args: [job.args[0]!] });
      }
      await worker.ask("GRAB_JOB", {}, "NO_JOB");
    }
    await using cogd = await startCogd({ flavour, dataDir: folder.path });
    await using client = await WireClient.connect(cogd.port);
    client.sendText("show jobs\n");
    assert.deepEqual(await client.readListing(), []);
  });
}
