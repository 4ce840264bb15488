/** Real faults: what the store promises must hold, and what it cannot do it must say. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test from "node:test";
import { assertRefuses, batchOf, sampleJob, sampleJobs } from "../conformance/stores/mod.ts";
import { temporaryFolder } from "../support/mod.ts";
import { assertCannotOpen, keysIn, openFile } from "./sqlite_files.ts";
import { CAN_MOUNT, StoreProcess } from "./store_process.ts";

test("every commit that settled before kill -9 is there afterwards, batches whole", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  const batch = 7;
  let first = 1;
  for (let round = 1; round <= 5; round++) {
    await using child = new StoreProcess();
    await child.ask(`open ${path}`);
    child.send(`commits ${first} ${batch}`);
    let last = first;
    for (let seen = 0; seen < 15 * round; seen++) last = (await child.nextAnswer()).committed!;
    await child.kill9();
    // What it still said before it died counts as well.
    for (let more; (more = await child.nextAnswerOrEnd()) !== undefined;) last = more.committed!;
    const keys = await keysIn(path);
    const reported = last + batch - 1;
    assert(keys.length >= reported, `${reported} jobs were reported, ${keys.length} are there`);
    assert.deepEqual(keys, keys.map((_, i) => i + 1), "no gaps");
    assert.equal(keys.length % batch, 0, "no half batch");
    first = keys.length + 1;
  }
});

test("a second process is refused and told who holds the file; kill -9 frees it", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  await using child = new StoreProcess();
  await child.ask(`open ${path}`);
  await child.ask("commit 1 3 10");
  await assertCannotOpen(path, "LOCKED", new RegExp(`process ${child.pid}\\b`));
  await child.kill9();
  assert.deepEqual(await keysIn(path), [1, 2, 3]);
});

test("another program's lock is respected, and the store opens when it is gone", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  using other = new DatabaseSync(path);
  other.exec("CREATE TABLE somebody_else (x)");
  other.exec("BEGIN EXCLUSIVE");
  await assertCannotOpen(path, "LOCKED", /another process holds it/);
  other.exec("ROLLBACK");
  other.close();
  assert.deepEqual(await keysIn(path), []);
});

test("the database and its log are readable by their owner only; nothing else stays", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  const store = await openFile(path);
  await store.commit(batchOf({ add: sampleJobs(1) }));
  assert((store.figures?.syncMs ?? 0) > 0, "the time to the disk is told");
  for (const file of [path, `${path}-wal`, `${path}-owner`]) {
    assert.equal(statSync(file).mode & 0o777, 0o600, file);
  }
  assert(!existsSync(`${path}-shm`));
  await store.close();
  for (const file of [`${path}-wal`, `${path}-owner`]) assert(!existsSync(file), file);
});

test("a path that cannot be opened is refused with its reason", async () => {
  await using folder = await temporaryFolder();
  const missing = join(folder.path, "missing", "queue.db");
  await assertCannotOpen(missing, "CANNOT_OPEN", /the folder ".*missing" does not exist/);
  await assertCannotOpen(folder.path, "CANNOT_OPEN", /is a folder/);
  const file = join(folder.path, "file");
  writeFileSync(file, "");
  await assertCannotOpen(join(file, "queue.db"), "CANNOT_OPEN", /does not exist/);
});

test("a file that is moved away or replaced takes no commit; put back it does", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  const store = await openFile(path);
  try {
    await store.commit(batchOf({ add: [sampleJob(1)] }));
    renameSync(path, `${path}.moved`);
    await assertRefuses(store.commit(batchOf({ add: [sampleJob(2)] })), "AWAY");
    writeFileSync(path, "");
    await assertRefuses(store.commit(batchOf({ add: [sampleJob(2)] })), "AWAY");
    rmSync(path);
    renameSync(`${path}.moved`, path);
    await store.commit(batchOf({ add: [sampleJob(3)] }));
  } finally {
    await store.close();
  }
  assert.deepEqual(await keysIn(path), [1, 3]);
});

/** A file may not grow beyond this: the kernel then fails the write, as a broken disk would. */
const LIMITED = "trap '' XFSZ; ulimit -S -f 600";

function liftLimit(pid: number): void {
  const { status, stderr } = spawnSync("prlimit", ["--pid", `${pid}`, "--fsize=unlimited"]);
  assert.equal(status, 0, String(stderr));
}

/** Commits until one is refused; answers how many settled and the refusal's code. */
async function commitUntilRefused(child: StoreProcess, first: number) {
  for (let key = first;; key++) {
    const { code, message } = await child.ask(`commit ${key} 1 20000`);
    if (code !== undefined) return { settled: key - first, code, message };
    assert(key < first + 1000, "nothing was refused");
  }
}

test("a write error acknowledges nothing, and the next commit works when it is gone", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  await using child = new StoreProcess({ setUp: LIMITED });
  await child.ask(`open ${path}`);
  const { settled, code, message } = await commitUntilRefused(child, 1);
  assert(settled > 3, `only ${settled} commits settled before the limit`);
  assert.equal(code, "UNKNOWN_OUTCOME", message ?? "");
  assert.match(message!, /the disk reported an error/);
  const again = await child.ask("commit 5000 1 2000000");
  assert(again.code !== undefined, "it still cannot be written");
  liftLimit(child.pid);
  assert.equal((await child.ask("commit 6000 3 20000")).committed, 6000);
  await child.ask("close");
  const keys = await keysIn(path);
  const acknowledged = Array.from({ length: settled }, (_, i) => i + 1);
  assert.deepEqual(keys.filter((key) => key <= settled), acknowledged);
  assert.deepEqual(keys.slice(-3), [6000, 6001, 6002]);
});

test("a lock that somebody takes after a write error is waited out", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  await using child = new StoreProcess({ setUp: LIMITED });
  await child.ask(`open ${path}`);
  const { settled } = await commitUntilRefused(child, 1);
  liftLimit(child.pid);
  using other = new DatabaseSync(path);
  other.exec("BEGIN EXCLUSIVE");
  assert.equal((await child.ask("commit 6000 1 10")).code, "LOCKED");
  other.exec("ROLLBACK");
  other.close();
  assert.equal((await child.ask("commit 6000 1 10")).committed, 6000);
  await child.ask("close");
  const keys = await keysIn(path);
  assert.deepEqual(keys.slice(0, settled), Array.from({ length: settled }, (_, i) => i + 1));
  assert.equal(keys.at(-1), 6000);
});

test("after a write error the store goes on with its own file only", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "queue.db");
  await using child = new StoreProcess({ setUp: LIMITED });
  await child.ask(`open ${path}`);
  await commitUntilRefused(child, 1);
  liftLimit(child.pid);
  renameSync(path, `${path}.moved`);
  assert.equal((await child.ask("commit 6000 1 10")).code, "AWAY");
  writeFileSync(path, "");
  assert.equal((await child.ask("commit 6000 1 10")).code, "AWAY");
  renameSync(`${path}.moved`, path);
  assert.equal((await child.ask("commit 6000 1 10")).committed, 6000);
});

test("a full disk refuses commits and acknowledges none; freed, it takes them again", async () => {
  await using folder = await temporaryFolder();
  // Where nothing may be mounted, a file that must not grow stands for the full disk.
  await using child = new StoreProcess(
    CAN_MOUNT
      ? { ownMounts: true, setUp: `mount -t tmpfs -o size=4m none '${folder.path}'` }
      : { setUp: LIMITED },
  );
  const path = join(folder.path, "queue.db");
  await child.ask(`open ${path}`);
  await child.ask(`shell head -c 2800000 /dev/zero > ${folder.path}/ballast`);
  const { settled, code, message } = await commitUntilRefused(child, 1);
  assert(settled > 3, `only ${settled} commits settled before the disk was full`);
  assert.equal(code, CAN_MOUNT ? "FULL" : "UNKNOWN_OUTCOME", message ?? "");
  assert((await child.ask("commit 5000 1 2000000")).code !== undefined, "it is still full");
  await child.ask(`shell rm ${folder.path}/ballast`);
  if (!CAN_MOUNT) liftLimit(child.pid);
  assert.equal((await child.ask("commit 6000 2 20000")).committed, 6000);
  await child.ask("close");
  assert.equal((await child.ask(`open ${path}`)).message, undefined);
  const { keys } = await child.ask("replay");
  const acknowledged = Array.from({ length: settled }, (_, i) => i + 1);
  assert.deepEqual(keys!.filter((key) => key <= settled), acknowledged);
  assert.deepEqual(keys!.slice(-2), [6000, 6001]);
  if (CAN_MOUNT) assert.equal(keys!.length, settled + 2, "nothing of a refused commit is kept");
});

const cannotMount = CAN_MOUNT ? false : "this user may not mount anything";

test("a read-only file system is refused, with and without a database on it", {
  skip: cannotMount,
}, async () => {
  await using folder = await temporaryFolder();
  const disk = folder.path;
  await using child = new StoreProcess({ ownMounts: true, setUp: `mount -t tmpfs none '${disk}'` });
  const path = join(disk, "queue.db");
  await child.ask(`open ${path}`);
  await child.ask("commit 1 2 10");
  await child.ask("close");
  assert.equal((await child.ask(`shell mount -o remount,ro ${disk}`)).status, 0);
  for (const file of [path, join(disk, "new.db")]) {
    const { code, message } = await child.ask(`open ${file}`);
    assert.equal(code, "READ_ONLY", message ?? "");
    assert(message!.includes(file), message ?? "");
  }
  assert.equal((await child.ask(`shell mount -o remount,rw ${disk}`)).status, 0);
  await child.ask(`open ${path}`);
  assert.deepEqual((await child.ask("replay")).keys, [1, 2]);
});
