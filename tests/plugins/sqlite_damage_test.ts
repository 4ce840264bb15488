/** Files that hold something else than what the store wrote: noticed, named, never served. */

import assert from "node:assert/strict";
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { type StoredJob, StoreError } from "../../src/plugin_api/mod.ts";
import {
  assertRefuses,
  assertSameJobs,
  batchOf,
  bytesFrom,
  replayed,
  sampleJob,
  sampleJobs,
} from "../conformance/stores/mod.ts";
import { Random, temporaryFolder } from "../support/mod.ts";
import { assertCannotOpen, openFile } from "./sqlite_files.ts";

test("a file that is no database is refused and left alone", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  const content = "jobs = 12\n".repeat(1000);
  writeFileSync(path, content);
  await assertCannotOpen(path, "DAMAGED", /not a SQLite database/);
  assert.equal(readFileSync(path, "utf8"), content);
});

test("the database of a newer version is refused", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  await (await openFile(path)).close();
  using database = new DatabaseSync(path);
  database.exec("UPDATE cogd_queue SET version = 2");
  database.close();
  await assertCannotOpen(path, "CANNOT_OPEN", /a newer cogd made it .* version 2/);
});

/** A database with jobs large and small, closed; answers the jobs. */
async function filledDatabase(path: string): Promise<StoredJob[]> {
  const jobs = sampleJobs(300).map((job) =>
    sampleJob(job.key, { workload: bytesFrom(job.key, job.key % 10 === 0 ? 9000 : 100) })
  );
  const store = await openFile(path);
  await store.commit(batchOf({ add: jobs }));
  await store.close();
  return jobs;
}

/** Opens and replays a file that was tampered with: all must come back as it was, or be refused. */
async function assertSoundOrRefused(
  path: string,
  jobs: readonly StoredJob[],
): Promise<"sound" | "refused"> {
  let held;
  try {
    const store = await openFile(path);
    try {
      held = await replayed(store);
    } finally {
      await store.close();
    }
  } catch (error) {
    assert(error instanceof StoreError, `expected a StoreError, got ${error}`);
    assert.equal(error.code, "DAMAGED", error.message);
    return "refused";
  }
  assertSameJobs(held.jobs, jobs);
  return "sound";
}

test("pages overwritten with other bytes are noticed, never served", async () => {
  await using folder = await temporaryFolder();
  const original = join(folder.path, "original.db");
  const jobs = await filledDatabase(original);
  const pages = statSync(original).size / 4096;
  let refused = 0;
  for (let page = 0; page < pages; page += Math.ceil(pages / 12)) {
    const path = join(folder.path, `page-${page}.db`);
    copyFileSync(original, path);
    const bytes = readFileSync(path);
    bytes.set(bytesFrom(page + 1, 4096), page * 4096);
    writeFileSync(path, bytes);
    if (await assertSoundOrRefused(path, jobs) === "refused") refused++;
  }
  assert(refused >= 10, `only ${refused} of the damaged files were refused`);
});

test("single flipped bits are noticed wherever they matter", async () => {
  await using folder = await temporaryFolder();
  const original = join(folder.path, "original.db");
  const jobs = await filledDatabase(original);
  const random = new Random(20_261_123);
  const size = statSync(original).size;
  let refused = 0;
  for (let round = 0; round < 25; round++) {
    const path = join(folder.path, `bit-${round}.db`);
    copyFileSync(original, path);
    const bytes = readFileSync(path);
    bytes[random.below(size)]! ^= 1 << random.below(8);
    writeFileSync(path, bytes);
    if (await assertSoundOrRefused(path, jobs) === "refused") refused++;
  }
  assert(refused >= 15, `only ${refused} of the damaged files were refused`);
});

test("a file that was cut short is refused", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  const jobs = await filledDatabase(path);
  for (const share of [0.9, 0.5, 0.1]) {
    truncateSync(path, Math.floor(statSync(path).size * share / 4096) * 4096);
    assert.equal(await assertSoundOrRefused(path, jobs), "refused");
  }
});

test("a commit into a damaged file is refused, not acknowledged", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  await filledDatabase(path);
  const bytes = readFileSync(path);
  // Whole pages in the middle of the table.
  bytes.fill(0xa5, Math.floor(bytes.length / 8192) * 4096, bytes.length - 10 * 4096);
  writeFileSync(path, bytes);
  const store = await openFile(path);
  try {
    await assertRefuses(store.commit(batchOf({ remove: [1, 150, 300] })), "DAMAGED");
    await assertRefuses(replayed(store), "DAMAGED");
  } finally {
    await store.close();
  }
});
